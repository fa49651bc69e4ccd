"""More requests of a model come than its replicas can take: the queue is long and grows.

What it means: on each replica more requests waited than a saturated one has, and the number rose over ten minutes.
What to do: add replicas (KEDA on waiting requests), and see whether a replica is missing: pending for a node, starting,
or silent. With a full KV cache, see GpuyieldKvSaturated first.
What it is not: a long queue that shrinks, or one that is steady because clients wait their turn.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import MINUTE, MODEL, labels, mean, summed
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import serving

_WAITING = 'vllm:num_requests_waiting{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"}'


def _expr(scope: Scope, thresholds: Thresholds) -> str:
    long = f"{mean(serving.requests_waiting, scope, MODEL, 'avg_over_time')} > {thresholds.queue_saturated:g}"
    grows = f"{summed(serving.requests_waiting, scope.over('10m'), MODEL, 'deriv')} > 0"
    return f"{long} and on ({labels(scope, MODEL)}) {grows}"


alerts = (
    Alert(
        name="GpuyieldQueueGrowing",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says="{{ $labels.namespace }}/{{ $labels.model }} has {{ $value | humanize }} waiting requests a replica, and"
        " more come",
        why="llm-d calls a replica with five waiting requests saturated; a new replica takes two to seven minutes, so a"
        " queue that grows for ten was not helped.",
        by=MODEL,
        limits=("queue_saturated", "queue_growing_minutes"),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.queue_growing_minutes * MINUTE,
        needs=(serving.requests_waiting,),
        costs=Costs.MODEL,
        alarm=Alarm(
            stats={"waiting": Stat(serving.requests_waiting, "Average")},
            expression="IF(DIFF(waiting) > 0, waiting, 0)",
            above=lambda thresholds: thresholds.queue_saturated,
            lasts_seconds=lambda thresholds: thresholds.queue_growing_minutes * MINUTE,
            lost="which model: the mean over all engines",
        ),
        cases=(
            Case("one more each minute", {_WAITING: "0+1x60"}, "50m", 1),
            Case("long, and shrinks", {_WAITING: "100-1x60"}, "50m", 0),
            Case("two waiting", {_WAITING: "0+0.04x60"}, "50m", 0),
            Case("a burst of eight minutes", {_WAITING: "0x20 0+5x8 0x40"}, "30m", 0),
        ),
    ),
)
