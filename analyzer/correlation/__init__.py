"""Utilization held against tokens per dollar: rank correlations with intervals, and what they allow to be said."""
