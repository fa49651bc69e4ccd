"""What must wake someone, and the recorded series that it reads."""
