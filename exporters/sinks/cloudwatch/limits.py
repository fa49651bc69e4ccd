"""What CloudWatch takes, by its documentation; where an older text has less, the lesser."""

LOG_BATCH_BYTES = 1_048_576  # messages in UTF-8, and for each event:
LOG_EVENT_OVERHEAD_BYTES = 26
LOG_BATCH_EVENTS = 10_000
LOG_BATCH_SPAN_SECONDS = 86_400
LOG_EVENT_BYTES = 262_144  # 1 MB today; 256 KB in the older text, and in AWS's own exporters
OLDEST_SECONDS = 14 * 86_400
NEWEST_SECONDS = 2 * 3_600

EMF_METRICS_PER_DIRECTIVE = 100
EMF_VALUES_PER_METRIC = 100
DIMENSIONS = 30
DIMENSION_VALUE_LENGTH = 1_024
NAME_LENGTH = 255

DATA_PER_REQUEST = 1_000
# 1 MB, not said whether before or after gzip: it is kept before. A part is left for the protocol around the data.
REQUEST_BYTES = 1_000_000
VALUES_PER_DATUM = 150
LARGEST_VALUE = 2.0**360
