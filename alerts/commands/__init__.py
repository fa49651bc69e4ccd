"""Verbs that alerts own."""
