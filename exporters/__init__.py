"""What can be known: sources are read into samples, samples are written to sinks.

metric.py and source.py are the vocabulary, upstream/ declares other people's series, pages/ reads and writes
exposition text, store/ is the embedded Parquet folder, simulation/ is a fleet whose truth is known.
"""
