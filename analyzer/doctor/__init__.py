"""What is reachable, which signals exist, what is blind, what to install next."""
