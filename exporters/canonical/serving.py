"""Metrics of one serving engine. `engine` is the data-parallel rank; `model` is the name it is served under."""

from exporters.metric import Kind, Metric, Unit

_ENGINE = ("namespace", "pod", "instance", "model", "engine")


def _histogram(name: str, text: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, Unit.SECONDS, text, _ENGINE)


prompt_tokens_total = Metric(
    "inference_prompt_tokens_total",
    Kind.COUNTER,
    Unit.TOKENS,
    "Prompt tokens of requests whose prefill finished, cached ones included.",
    _ENGINE,
)
prompt_tokens_cached_total = Metric(
    "inference_prompt_tokens_cached_total",
    Kind.COUNTER,
    Unit.TOKENS,
    "Prompt tokens that a cache answered, local and external.",
    _ENGINE,
)
prompt_tokens_transferred_total = Metric(
    "inference_prompt_tokens_transferred_total",
    Kind.COUNTER,
    Unit.TOKENS,
    "Prompt tokens whose KV cache another engine or a connector sent over.",
    _ENGINE,
)
generation_tokens_total = Metric(
    "inference_generation_tokens_total", Kind.COUNTER, Unit.TOKENS, "Generated tokens, as they come.", _ENGINE
)
requests_finished_total = Metric(
    "inference_requests_finished_total",
    Kind.COUNTER,
    Unit.NONE,
    "Requests that ended, however, by reason (stop, length, abort, error, repetition).",
    (*_ENGINE, "reason"),
)
requests_running = Metric(
    "inference_requests_running", Kind.STATE, Unit.NONE, "Requests inside the scheduling set.", _ENGINE
)
requests_waiting = Metric("inference_requests_waiting", Kind.STATE, Unit.NONE, "Requests in the queue.", _ENGINE)
kv_cache_used_ratio = Metric(
    "inference_kv_cache_used_ratio", Kind.STATE, Unit.RATIO, "Share of KV cache blocks in use.", _ENGINE
)
preemptions_total = Metric(
    "inference_preemptions_total", Kind.COUNTER, Unit.NONE, "Requests thrown out of the batch.", _ENGINE
)
time_to_first_token_seconds = _histogram(
    "inference_time_to_first_token_seconds", "Arrival at the front end to the first token."
)
inter_token_latency_seconds = _histogram(
    "inference_inter_token_latency_seconds", "Gap between consecutive output events."
)
time_per_output_token_seconds = _histogram(
    "inference_time_per_output_token_seconds",
    "Decode time over (tokens - 1), per finished request; answers of one token record 0.",
)
request_duration_seconds = _histogram("inference_request_duration_seconds", "Arrival to the last token.")
queue_seconds = _histogram("inference_queue_seconds", "First queued to first scheduled.")
prefill_seconds = _histogram("inference_prefill_seconds", "First scheduled to first token.")
decode_seconds = _histogram("inference_decode_seconds", "First token to last token.")
generation_length_tokens = Metric(
    "inference_generation_length_tokens", Kind.HISTOGRAM, Unit.TOKENS, "Generated tokens per finished request.", _ENGINE
)
estimated_flops_total = Metric(
    "inference_estimated_flops_total",
    Kind.COUNTER,
    Unit.FLOPS,
    "Modelled floating-point operations per device; 0 beside rising tokens means switched off.",
    _ENGINE,
)
estimated_bytes_total = Metric(
    "inference_estimated_bytes_total",
    Kind.COUNTER,
    Unit.BYTES,
    "Modelled device memory traffic per device.",
    (*_ENGINE, "direction"),
)
engine_info = Metric(
    "inference_engine_info", Kind.INFO, Unit.NONE, "That an engine is there, and what it serves.", _ENGINE
)
engine_settings_info = Metric(
    "inference_engine_settings_info",
    Kind.INFO,
    Unit.NONE,
    "How an engine is set, in its own words: what changes how much it serves, and what it does not find out by itself.",
    (*_ENGINE, "block_tokens", "kv_dtype", "prefix_caching", "memory_share", "fixed_blocks"),
)
engine_awake = Metric(
    "inference_engine_awake",
    Kind.STATE,
    Unit.NONE,
    "1 while an engine can serve, 0 while it sleeps: its weights are off the device, which its pod still holds.",
    _ENGINE,
)
process_started_seconds = Metric(
    "process_started_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "When the process behind a target started, unix time.",
    ("namespace", "pod", "instance"),
)
target_up = Metric(
    "target_up",
    Kind.STATE,
    Unit.NONE,
    "1 when a scrape was answered, 0 when it failed.",
    ("namespace", "pod", "instance", "job"),
)
