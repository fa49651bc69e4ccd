"""Advice: what of the bill is waste, by how much, who can change it and how. One file for each rule in `rules/`."""
