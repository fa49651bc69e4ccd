"""An engine has requests and gives no token.

What it means: requests were running all the time and the counter of generated tokens did not move: the engine hangs,
while its pod is Ready and its card may look busy.
What to do: look at its log for NCCL time-outs and faults, and at the last fault of its devices. Take a stack dump
(`py-spy dump`) if you can, then delete the pod. A liveness probe that asks for one token ends this by itself.
What it is not: a long prompt; even a very long one is read within these minutes. A renamed counter is not taken for
silence: no series is no alert here, but GpuyieldMetricDrift.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import ENGINE, MINUTE, labels, smallest, summed
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import serving

_ENGINE = '{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"}'
_RUNNING = f"vllm:num_requests_running{_ENGINE}"
_TOKENS = f"vllm:generation_tokens_total{_ENGINE}"


def _expr(scope: Scope, _: Thresholds) -> str:
    running = f"{smallest(serving.requests_running, scope, ENGINE, 'min_over_time')} > 0"
    tokens = f"{summed(serving.generation_tokens_total, scope, ENGINE, 'increase')} == 0"
    return f"{running} and on ({labels(scope, ENGINE)}) {tokens}"


alerts = (
    Alert(
        name="GpuyieldEngineSilent",
        severity=Severity.PAGE,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says="{{ $labels.namespace }}/{{ $labels.pod }} runs {{ $value }} requests and gives no token",
        why="Five minutes seen, five minutes waited: no prompt takes ten minutes to be read.",
        by=ENGINE,
        limits=("silent_engine_minutes",),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.silent_engine_minutes * MINUTE,
        needs=(serving.requests_running, serving.generation_tokens_total),
        costs=Costs.MODEL,
        alarm=Alarm(
            stats={
                "running": Stat(serving.requests_running, "Minimum"),
                "tokens": Stat(serving.generation_tokens_total, "Sum"),
            },
            expression="IF(tokens == 0, running, 0)",
            above=lambda _: 0.0,
            lasts_seconds=lambda thresholds: (5 + thresholds.silent_engine_minutes) * MINUTE,
            lost="one silent engine among others: only when all are silent and none is without a request",
        ),
        cases=(
            Case("hangs", {_RUNNING: "4x40", _TOKENS: "0+900x10 9000x40"}, "30m", 1),
            Case("works", {_RUNNING: "4x40", _TOKENS: "0+900x40"}, "30m", 0),
            Case("has nothing to do", {_RUNNING: "0x40", _TOKENS: "9000x40"}, "30m", 0),
            Case("a prompt of four minutes", {_RUNNING: "4x40", _TOKENS: "0+900x20 18000x4 18900+900x20"}, "25m", 0),
            Case("its counter has another name", {_RUNNING: "4x40"}, "30m", 0),
        ),
    ),
)
