"""One file per producer of series that gpuyield can read."""
