"""The KV cache of an engine is full, and requests wait or are thrown out for it.

What it means: work is done twice (a preempted request starts again) or not yet (it waits), while the card is paid.
What to do, in vLLM's own order: raise `--gpu-memory-utilization`, lower `--max-num-seqs` or
`--max-num-batched-tokens`, raise the tensor parallel size. Then `--kv-cache-dtype fp8`, a shorter `--max-model-len`,
offloading, more replicas.
What it is not: a full cache without preemptions or waiting. That is a card well used, and no alert.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import ENGINE, MINUTE, labels, largest, summed
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import serving

_ENGINE = '{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"}'
_KV = f"vllm:kv_cache_usage_perc{_ENGINE}"
_OLD_KV = f"vllm:gpu_cache_usage_perc{_ENGINE}"
_WAITING = f"vllm:num_requests_waiting{_ENGINE}"
_PREEMPTIONS = f"vllm:num_preemptions_total{_ENGINE}"


def _expr(scope: Scope, thresholds: Thresholds) -> str:
    on = labels(scope, ENGINE)
    full = f"{largest(serving.kv_cache_used_ratio, scope, ENGINE, 'avg_over_time')} > {thresholds.kv_high_ratio:g}"
    waiting = f"{largest(serving.requests_waiting, scope, ENGINE, 'min_over_time')} > 0"
    thrown = f"{summed(serving.preemptions_total, scope, ENGINE, 'rate')} > {_per_second(thresholds):.6g}"
    return f"{full} and on ({on}) ({waiting} or on ({on}) {thrown})"


def _per_second(thresholds: Thresholds) -> float:
    return thresholds.preemptions_per_minute / 60


alerts = (
    Alert(
        name="GpuyieldKvSaturated",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says="the KV cache of {{ $labels.namespace }}/{{ $labels.pod }} is full and requests suffer",
        why="The AWS starter kit calls 0.9 critical and warns from one preemption in ten minutes; ten minutes are"
        " longer than a burst.",
        by=ENGINE,
        limits=("kv_high_ratio", "preemptions_per_minute", "kv_pressure_minutes"),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.kv_pressure_minutes * MINUTE,
        needs=(serving.kv_cache_used_ratio, serving.requests_waiting, serving.preemptions_total),
        costs=Costs.MODEL,
        alarm=Alarm(
            stats={
                "kv": Stat(serving.kv_cache_used_ratio, "Maximum"),
                "waiting": Stat(serving.requests_waiting, "Maximum"),
                "thrown": Stat(serving.preemptions_total, "Sum"),
            },
            # FILL with 0: a count that nobody sent is no pressure, and the alarm still sees the other one.
            expression="IF(FILL(waiting, 0) > 0 OR FILL(thrown, 0) > 0, kv, 0)",
            above=lambda thresholds: thresholds.kv_high_ratio,
            lasts_seconds=lambda thresholds: thresholds.kv_pressure_minutes * MINUTE,
            lost="which engine: the fullest and the longest queue may be two; any preemption counts",
        ),
        cases=(
            Case("full with a queue", {_KV: "0.95x40", _WAITING: "3x40"}, "30m", 1),
            Case("full with preemptions", {_KV: "0.95x40", _WAITING: "0x40", _PREEMPTIONS: "0+1x40"}, "30m", 1),
            Case("the old name", {_OLD_KV: "0.95x40", _WAITING: "3x40"}, "30m", 1),
            Case(
                "full, no queue, hardly a preemption",
                {_KV: "0.95x40", _WAITING: "0x40", _PREEMPTIONS: "0+0.05x40"},
                "30m",
                0,
            ),
            Case("a queue with room", {_KV: "0.5x40", _WAITING: "3x40"}, "30m", 0),
        ),
    ),
)
