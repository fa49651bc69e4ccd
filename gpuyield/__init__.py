"""gpuyield: where every accelerator dollar goes and how many useful tokens it buys."""

__version__ = "0.1.0"
