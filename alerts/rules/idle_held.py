"""Accelerators are held, ready and idle, and cost more than is small.

What it means: pods hold accelerators and are Ready, and nothing ran on them for an hour: no request in the engine, or
no activity where there is no engine. The message says what that costs in an hour.
What to do: open the Fleet board for the hours in which they idle. For a model server, lower minReplicas or scale to
zero; for a notebook or a finished job, ask its owner and delete it. `gpuyield advise` gives the patch and what it
saves.
What it is not: free nodes (the cluster's own to give back), or a busy card with a low effective ratio.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import CELLS, HOUR
from analyzer.advice.finding import HOURS_PER_MONTH
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.definitions.money import dollars_per_hour
from analyzer.kpi.scope import Scope
from analyzer.ledger.states import ACTIVE_GOOD, HELD_IDLE
from exporters.canonical import ledger

_BY = ("cluster", "namespace", "workload")
_SERIES = 'gpuyield_ledger_dollars_total{{cluster="prod", namespace="chat", workload="llama", state="{}"}}'


def _expr(scope: Scope, thresholds: Thresholds) -> str:
    return f"{dollars_per_hour(scope.over(CELLS), _BY, HELD_IDLE)} > {_limit(thresholds):.6g}"


def _limit(thresholds: Thresholds) -> float:
    return thresholds.medium_dollars_per_month / HOURS_PER_MONTH


alerts = (
    Alert(
        name="GpuyieldIdleHeld",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.FLEET,
        says="{{ $labels.namespace }}/{{ $labels.workload }} holds idle accelerators",
        why="From this amount on a finding is of medium severity; an hour is longer than most pauses between batches.",
        by=_BY,
        limits=("medium_dollars_per_month", "idle_device_hours"),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.idle_device_hours * HOUR,
        needs=(ledger.dollars_total,),
        costs=Costs.VALUE,
        alarm=Alarm(
            stats={"idle": Stat(ledger.dollars_total, "Sum", {"state": HELD_IDLE})},
            expression="idle * 12",
            above=_limit,
            lasts_seconds=lambda thresholds: thresholds.idle_device_hours * HOUR,
            lost="which workload; many small ones add up to one alarm",
        ),
        cases=(
            Case("six dollars an hour, idle for two hours", {_SERIES.format(HELD_IDLE): "0+0.1x180"}, "2h", 1),
            Case("the same at work", {_SERIES.format(ACTIVE_GOOD): "0+0.1x180"}, "2h", 0),
            Case("idle for half an hour", {_SERIES.format(HELD_IDLE): "0x60 0+0.1x30 3x90"}, "3h", 0),
            Case("idle for cents", {_SERIES.format(HELD_IDLE): "0+0.005x180"}, "2h", 0),
        ),
    ),
)
