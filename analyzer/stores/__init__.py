"""Where samples are kept: each store answers with one canonical metric over one window, as a tidy frame."""
