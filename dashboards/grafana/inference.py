"""Inference: throughput, latency against the SLO, and where engines are full."""

from __future__ import annotations

from analyzer.kpi.definitions.serving import mean, quantile_bound, share_within
from analyzer.kpi.scope import Scope
from dashboards.panel import NEUTRAL, Board, Choice, Kind, Panel, Query, Section, Unit
from dashboards.queries import now, per_second
from exporters.canonical import serving
from exporters.metric import Metric

_MODEL = ("namespace", "model")
_NAME = "{{namespace}} {{model}}"


def _lines(
    title: str, unit: Unit, means: str, good: str, *queries: Query, needs: Metric, most: float | None = None
) -> Panel:
    return Panel(title, Kind.LINES, unit, queries, means, good, (needs,), width=12, most=most)


def _band(title: str, metric: Metric, limit: str, scope: Scope, good: str) -> Panel:
    """The bounds of the buckets that hold the median and the 95th percentile."""
    wide = scope.over("5m")
    bands = [
        Query(
            quantile_bound(metric, quantile, wide, (), is_upper=is_upper),
            f"{name}, {'at most' if is_upper else 'at least'}",
            NEUTRAL,
            dashed=quantile < 0.9,
            band_to=f"{name}, at least" if is_upper else "",
        )
        for quantile, name in ((0.95, "95 of 100"), (0.5, "median"))
        for is_upper in (True, False)
    ]
    return Panel(
        title,
        Kind.LINES,
        Unit.SECONDS,
        (*bands, Query(f"vector(${limit})", "SLO", _SLO)),
        "The bands lie between the bucket bounds that hold the quantile: a histogram proves no more. All chosen models"
        " together.",
        good,
        (metric,),
    )


def _share(title: str, metric: Metric, limit: str, scope: Scope) -> Panel:
    expr = share_within(metric, f"${{{limit}:raw}}", scope.over("5m"), _MODEL)
    return _lines(
        title,
        Unit.RATIO,
        "Share of observations up to the limit chosen above, by model, over five minutes.",
        "Above what was promised, such as 95 %.",
        Query(expr, _NAME),
        needs=metric,
        most=1.0,
    )


_SLO = "#8E8E8E"


def _build(scope: Scope) -> tuple[Section, ...]:
    prompt, cached = (
        per_second(metric, scope, *_MODEL)
        for metric in (serving.prompt_tokens_total, serving.prompt_tokens_cached_total)
    )
    finished = per_second(serving.requests_finished_total, scope, *_MODEL)
    bad = per_second(serving.requests_finished_total, scope, *_MODEL, reason="abort|error")
    return (
        Section(
            "Throughput",
            (
                _lines(
                    "Generated tokens",
                    Unit.TOKENS_PER_SECOND,
                    "Output tokens of all engines of a model.",
                    "Follows demand; flat with a queue means full.",
                    Query(per_second(serving.generation_tokens_total, scope, *_MODEL), _NAME),
                    needs=serving.generation_tokens_total,
                ),
                _lines(
                    "Prompt tokens",
                    Unit.TOKENS_PER_SECOND,
                    "Prompt tokens of requests whose prefill finished, cached ones included.",
                    "Follows demand.",
                    Query(prompt, _NAME),
                    needs=serving.prompt_tokens_total,
                ),
                _lines(
                    "Requests finished",
                    Unit.PER_SECOND,
                    "Requests that ended, however they ended.",
                    "Follows demand.",
                    Query(finished, _NAME),
                    needs=serving.requests_finished_total,
                ),
                _lines(
                    "Prompt tokens that a cache answered",
                    Unit.RATIO,
                    "Share of prompt tokens that needed no computing.",
                    "High for chat and agents. A fall after a deploy means that prompts changed.",
                    Query(f"{cached} / ({prompt} > 0)", _NAME),
                    needs=serving.prompt_tokens_cached_total,
                    most=1.0,
                ),
            ),
        ),
        Section(
            "Latency against the SLO",
            (
                _band(
                    "Time to first token",
                    serving.time_to_first_token_seconds,
                    Choice.TTFT,
                    scope,
                    "The upper band ends below the SLO line.",
                ),
                _band(
                    "Time between tokens",
                    serving.inter_token_latency_seconds,
                    Choice.ITL,
                    scope,
                    "The upper band ends below the SLO line. Below 10 ms most engines have no bucket.",
                ),
                _share("First tokens inside the limit", serving.time_to_first_token_seconds, Choice.TTFT, scope),
                _share("Tokens inside the limit", serving.inter_token_latency_seconds, Choice.ITL, scope),
            ),
        ),
        Section(
            "Where engines are full",
            (
                _lines(
                    "Requests running",
                    Unit.COUNT,
                    "Requests inside the batch.",
                    "Near the batch size that the Yield board shows as cheapest.",
                    Query(now(serving.requests_running, scope, *_MODEL), _NAME),
                    needs=serving.requests_running,
                ),
                _lines(
                    "Requests waiting",
                    Unit.COUNT,
                    "Requests in the queue.",
                    "0 but for short peaks.",
                    Query(now(serving.requests_waiting, scope, *_MODEL), _NAME),
                    needs=serving.requests_waiting,
                ),
                _lines(
                    "KV cache in use",
                    Unit.RATIO,
                    "The fullest engine of each model.",
                    "Below 0.9; full beside preemptions means that requests are thrown out and computed again.",
                    Query(now(serving.kv_cache_used_ratio, scope, *_MODEL, combine="max"), _NAME),
                    needs=serving.kv_cache_used_ratio,
                    most=1.0,
                ),
                _lines(
                    "Preemptions",
                    Unit.PER_SECOND,
                    "Requests thrown out of the batch for lack of KV cache.",
                    "0.",
                    Query(per_second(serving.preemptions_total, scope, *_MODEL), _NAME),
                    needs=serving.preemptions_total,
                ),
                _lines(
                    "Time in the queue, mean",
                    Unit.SECONDS,
                    "First queued to first scheduled.",
                    "Near 0.",
                    Query(mean(serving.queue_seconds)(scope.over("5m"), _MODEL), _NAME),
                    needs=serving.queue_seconds,
                ),
                _lines(
                    "Requests that ended badly",
                    Unit.RATIO,
                    "Share of finished requests that were aborted or failed. Their tokens were paid for.",
                    "Below 0.01.",
                    Query(f"({bad} or {finished} * 0) / ({finished} > 0)", _NAME),
                    needs=serving.requests_finished_total,
                    most=1.0,
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-inference",
    "gpuyield / Inference",
    "How model servers do: throughput, latency against the SLO, and where they are full.",
    (Choice.NAMESPACE, Choice.MODEL, Choice.TTFT, Choice.ITL),
    _build,
    since="now-6h",
)
