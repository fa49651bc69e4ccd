"""How model servers do: figures over engine series, whoever publishes them."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.kpi.kpi import Kpi, KpiUnit, Seen, Subject
from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from analyzer.report.model import Figure, Model
from exporters.canonical import serving
from exporters.metric import Metric, Part

_MODEL = ("namespace", "model")


def mean(metric: Metric) -> Callable[[Scope, tuple[str, ...]], str]:
    """The mean of a histogram's observations."""

    def promql(scope: Scope, by: tuple[str, ...]) -> str:
        observed = total(Read(metric, "rate", Part.SUM), scope, by)
        return f"{observed} / ({total(Read(metric, 'rate', Part.COUNT), scope, by)} > 0)"

    return promql


def share_within(metric: Metric, bound: str, scope: Scope, by: tuple[str, ...]) -> str:
    """The share of observations up to a bucket's bound, which is text: 0.5, as the page spells it."""
    inside = total(Read(metric, "rate", Part.BUCKET, (("le", bound),)), scope, by)
    return f"{inside} / ({total(Read(metric, 'rate', Part.COUNT), scope, by)} > 0)"


def quantile_bound(metric: Metric, quantile: float, scope: Scope, by: tuple[str, ...], *, is_upper: bool) -> str:
    """The lower or upper bound of the bucket that holds a quantile: what a histogram proves of it.

    Each bucket is made 1 from the one that reaches the quantile on, and 0 before; the quantile of that lies in this
    bucket alone, at its upper edge for 1 and, but for a millionth, at its lower edge for a millionth.
    """
    buckets = total(Read(metric, "rate", Part.BUCKET), scope, (*by, "le"))
    count = total(Read(metric, "rate", Part.COUNT), scope, by)
    reached = f"{buckets} >= bool on ({', '.join(by)}) group_left () ({quantile} * ({count} > 0))"
    return f"histogram_quantile({1 if is_upper else 0.000001}, {reached})"


def _of_models(pick: Callable[[Model], Figure]) -> Callable[[Seen], dict[Subject, Figure]]:
    return lambda seen: {(one.namespace, one.model): pick(one) for one in seen.report.models}


figures = (
    Kpi(
        "tokens_per_second",
        "Generated tokens per second",
        KpiUnit.TOKENS_PER_SECOND,
        "Output tokens of all engines of a model.",
        "Follows demand; flat at a ceiling with a queue means full.",
        (serving.generation_tokens_total,),
        _MODEL,
        lambda scope, by: total(Read(serving.generation_tokens_total, "rate"), scope, by),
        _of_models(lambda one: one.tokens_per_second),
    ),
    Kpi(
        "time_to_first_token_mean_seconds",
        "Mean time to first token",
        KpiUnit.SECONDS,
        "Arrival to the first token, queueing included.",
        "Below half of the SLO's limit.",
        (serving.time_to_first_token_seconds,),
        _MODEL,
        mean(serving.time_to_first_token_seconds),
        _of_models(lambda one: one.latency.ttft_mean_seconds),
    ),
    Kpi(
        "request_duration_mean_seconds",
        "Mean duration of requests",
        KpiUnit.SECONDS,
        "Arrival to the last token.",
        "Moves with answer length; compare with the same hour of another day.",
        (serving.request_duration_seconds,),
        _MODEL,
        mean(serving.request_duration_seconds),
        _of_models(lambda one: one.latency.e2e_mean_seconds),
    ),
    Kpi(
        "queue_mean_seconds",
        "Mean time in the queue",
        KpiUnit.SECONDS,
        "First queued to first scheduled.",
        "Near 0. Seconds mean that replicas or batch slots lack.",
        (serving.queue_seconds,),
        _MODEL,
        mean(serving.queue_seconds),
        _of_models(lambda one: one.latency.queue_mean_seconds),
    ),
)
