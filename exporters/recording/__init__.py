"""Scrapes targets into a store until told to stop."""
