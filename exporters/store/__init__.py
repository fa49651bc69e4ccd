"""The embedded store: a folder of Parquet files that DuckDB reads in process."""
