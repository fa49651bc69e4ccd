"""How many tokens a second one replica yields at how many requests running, and when that cannot be said."""
