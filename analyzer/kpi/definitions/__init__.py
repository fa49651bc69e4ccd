"""The key figures, one file for each thing that they are figures of; each exposes `figures`."""
