"""Reserved capacity is paid and hardly used.

What it means: of a running capacity reservation or Capacity Block less than a fifth has had an instance for a day.
What to do: let a NodePool launch into it (`capacity-type: reserved`, and a capacityReservationSelectorTerms entry in
its EC2NodeClass), share it with another account, or make it smaller. A Capacity Block cannot be given back: fill it.
What it is not: instances that run in it and idle; the ledger has those as free or held-idle.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import HOUR, summed
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import prices

_BY = ("cluster", "reservation", "instance_type")
_SERIES = (
    'gpuyield_reservation_accelerators{{cluster="prod", reservation="cr-1", instance_type="p5.48xlarge", state="{}"}}'
)
_USED, _UNUSED = _SERIES.format("used"), _SERIES.format("unused")


def _expr(scope: Scope, thresholds: Thresholds) -> str:
    unused = summed(prices.reservation_accelerators, scope, _BY, state="unused")
    return f"{unused} / ({summed(prices.reservation_accelerators, scope, _BY)} > 0) > {_limit(thresholds):g}"


def _limit(thresholds: Thresholds) -> float:
    return 1 - thresholds.reservation_used_ratio


alerts = (
    Alert(
        name="GpuyieldReservationUnused",
        severity=Severity.TICKET,
        owner=Owner.FINOPS,
        board=Board.COST,
        says="{{ $value | humanizePercentage }} of reservation {{ $labels.reservation }} ({{ $labels.instance_type }})"
        " is unused",
        why="AWS Health warns of the same: used below 20 % for 24 hours.",
        by=_BY,
        limits=("reservation_used_ratio", "reservation_idle_hours"),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.reservation_idle_hours * HOUR,
        needs=(prices.reservation_accelerators,),
        costs=Costs.RESERVATION,
        alarm=Alarm(
            stats={
                "used": Stat(prices.reservation_accelerators, "Sum", {"state": "used"}),
                "unused": Stat(prices.reservation_accelerators, "Sum", {"state": "unused"}),
            },
            expression="unused / (FILL(used, 0) + unused)",
            above=_limit,
            lasts_seconds=lambda thresholds: thresholds.reservation_idle_hours * HOUR,
            lost="which reservation: the share is of all together",
        ),
        cases=(
            Case("a day and a half", {_UNUSED: "8x2200", _USED: "0x2200"}, "36h", 1),
            Case("used by half", {_UNUSED: "8x2200", _USED: "8x2200"}, "36h", 0),
            Case("unused for an hour", {_UNUSED: "0x2000 16x200", _USED: "16x2000 0x200"}, "34h20m", 0),
        ),
    ),
)
