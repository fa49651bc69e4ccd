"""An engine tells that requests run, and a signal that the others need is not there: it was renamed or switched off.

What it means: under no name that is known for it, for an hour. Boards and alerts that read it are empty or wrong, and
an autoscaler that reads it may take nothing for 0.
What to do: compare the engine's /metrics with the names that `gpuyield doctor` knows; after an upgrade, upgrade
gpuyield too, or switch hidden metrics on (`--show-hidden-metrics-for-version`). The label `signal` says what is
missing.
What it is not: a name that changed and is known: both names are read.
"""

from __future__ import annotations

from alerts.alarm import Untold
from alerts.alert import Alert, Board, Case, Owner, Severity
from alerts.asking import ENGINE, HOUR, labels, largest
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from exporters.canonical import serving
from exporters.metric import Metric, Part

_SIGNALS: tuple[tuple[Metric, Part], ...] = (
    (serving.generation_tokens_total, Part.WHOLE),
    (serving.kv_cache_used_ratio, Part.WHOLE),
    (serving.time_to_first_token_seconds, Part.COUNT),
)
_ENGINE = '{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"}'
_RUNNING = f"vllm:num_requests_running{_ENGINE}"
_TOKENS = f"vllm:generation_tokens_total{_ENGINE}"
_FIRST = f"vllm:time_to_first_token_seconds_count{_ENGINE}"


def _expr(scope: Scope, _: Thresholds) -> str:
    on, running = labels(scope, ENGINE), largest(serving.requests_running, scope, ENGINE)
    return " or ".join(
        f'label_replace({running} unless on ({on}) {total(Read(metric, part=part), scope, ENGINE)}, "signal",'
        f' "{metric.name}", "", "")'
        for metric, part in _SIGNALS
    )


alerts = (
    Alert(
        name="GpuyieldMetricDrift",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.ITSELF,
        says="{{ $labels.namespace }}/{{ $labels.pod }} does not tell of {{ $labels.signal }}",
        why="A signal that is silent for an hour beside others of its producer is a finding too.",
        by=(*ENGINE, "signal"),
        limits=("metric_silence_hours",),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.metric_silence_hours * HOUR,
        needs=(serving.requests_running,),
        alarm=Untold("what is not there has no series that an alarm could name for each engine"),
        cases=(
            Case(
                "renamed",
                {_RUNNING: "1x130", _TOKENS: "0+9x130", f"vllm:kv_cache_share{_ENGINE}": "0.5x130", _FIRST: "0+1x130"},
                "2h",
                1,
            ),
            Case(
                "an old name that is known",
                {
                    _RUNNING: "1x130",
                    _TOKENS: "0+9x130",
                    f"vllm:gpu_cache_usage_perc{_ENGINE}": "0x130",
                    _FIRST: "0x130",
                },
                "2h",
                0,
            ),
        ),
    ),
)
