"""Commands about what people look at."""
