"""The kinds of sinks that --sink knows, a file each that exposes `kind`; libraries are loaded when one is made."""
