"""vLLM, all generations: names and renames of the V0 and V1 engines, and the names under Ray."""

from __future__ import annotations

from exporters.canonical import serving
from exporters.metric import Metric
from exporters.upstream.declaration import Family, Upstream

# The python production-stack router re-exports engine gauges under the engines' own names with the label
# `server`; counting them would count every request twice.
_MIRROR = ("server",)

_SETTINGS = {
    "model": ("model_name",),
    "block_tokens": ("block_size",),
    "kv_dtype": ("cache_dtype",),
    "prefix_caching": ("enable_prefix_caching",),
    "memory_share": ("gpu_memory_utilization",),
    "fixed_blocks": ("num_gpu_blocks_override",),
}

_NAMES: tuple[tuple[Metric, str, str], ...] = (
    (serving.requests_running, "num_requests_running", "0.6+"),
    (serving.requests_waiting, "num_requests_waiting", "0.6+"),
    (serving.kv_cache_used_ratio, "kv_cache_usage_perc", "0.9.2+"),
    (serving.kv_cache_used_ratio, "gpu_cache_usage_perc", "..0.11.1"),
    (serving.preemptions_total, "num_preemptions_total", "0.8+"),
    (serving.prompt_tokens_total, "prompt_tokens_total", "0.6+"),
    (serving.prompt_tokens_cached_total, "prompt_tokens_cached_total", "0.16+"),
    # In tokens since 0.9.0; the older gpu_prefix_cache_hits counted blocks and is therefore not read.
    (serving.prompt_tokens_cached_total, "prefix_cache_hits_total", "0.9.2+"),
    (serving.generation_tokens_total, "generation_tokens_total", "0.6+"),
    (serving.requests_finished_total, "request_success_total", "0.7.2+"),
    (serving.time_to_first_token_seconds, "time_to_first_token_seconds", "0.6+"),
    (serving.inter_token_latency_seconds, "inter_token_latency_seconds", "0.10.2+"),
    (serving.inter_token_latency_seconds, "time_per_output_token_seconds", "..0.14.1"),
    (serving.time_per_output_token_seconds, "request_time_per_output_token_seconds", "0.11+"),
    (serving.request_duration_seconds, "e2e_request_latency_seconds", "0.7.3+"),
    (serving.queue_seconds, "request_queue_time_seconds", "0.7.3+"),
    (serving.prefill_seconds, "request_prefill_time_seconds", "0.7.3+"),
    (serving.decode_seconds, "request_decode_time_seconds", "0.7.3+"),
    (serving.generation_length_tokens, "request_generation_tokens", "0.7.1+"),
    (serving.estimated_flops_total, "estimated_flops_per_gpu_total", "0.17+"),
)


def _upstreams(prefix: str, rank: int) -> tuple[Upstream, ...]:
    """The table under one prefix; later rows of the same metric are older names and rank behind."""
    labels = {"model": ("model_name",), "reason": ("finished_reason",)}
    seen: dict[Metric, int] = {}
    rows = []
    for metric, stem, versions in _NAMES:
        seen[metric] = seen.get(metric, -1) + 1
        rows.append(
            Upstream(
                prefix + stem,
                metric,
                labels=labels,
                unless=_MIRROR,
                rank=rank + seen[metric],
                versions=versions,
            )
        )
    rows.append(
        Upstream(
            prefix + "num_requests_running",
            serving.engine_info,
            labels=labels,
            unless=_MIRROR,
            rank=rank,
            as_one=True,
            versions="0.6+",
        )
    )
    rows.append(
        Upstream(
            prefix + "engine_sleep_state",
            serving.engine_awake,
            labels=labels,
            where={"sleep_state": "awake"},
            unless=_MIRROR,
            rank=rank,
            versions="0.11.1+",
        )
    )
    rows.append(
        Upstream(
            prefix + "cache_config_info",
            serving.engine_settings_info,
            labels=_SETTINGS,
            unless=_MIRROR,
            rank=rank,
            as_one=True,
            versions="0.8+",
        )
    )
    rows.append(
        Upstream(
            prefix + "prompt_tokens_by_source_total",
            serving.prompt_tokens_transferred_total,
            labels=labels,
            where={"source": "external_kv_transfer"},
            unless=_MIRROR,
            rank=rank,
            versions="0.16+",
        )
    )
    rows.extend(
        Upstream(
            prefix + f"estimated_{direction}_bytes_per_gpu_total",
            serving.estimated_bytes_total,
            labels=labels,
            constants={"direction": direction},
            unless=_MIRROR,
            rank=rank,
            versions="0.17+",
        )
        for direction in ("read", "write")
    )
    return tuple(rows)


family = Family("vllm", "vLLM", (*_upstreams("vllm:", 0), *_upstreams("ray_vllm_", 10)))
