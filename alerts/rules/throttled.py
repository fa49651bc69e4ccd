"""An accelerator's clocks are held down by heat or by power: it costs the same and does less.

What it means: for more than this share of a quarter of an hour the driver lowered the clocks.
What to do: heat is a fault of the machine: drain the node and replace it. Power is often meant (a cap, a dense box):
then raise `throttled_power_ratio`, or lower the cap on all devices alike, so that none waits for the slowest.
What it is not: low clocks of an idle device.
"""

from __future__ import annotations

from collections.abc import Callable

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Owner, Severity
from alerts.asking import CELLS, DEVICE, MINUTE, largest
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import device

_HEAT, _POWER = "thermal|sw_thermal|hw_thermal", "power_cap|board_limit|hw_power_brake"
_INFO = 'gpuyield_accelerator_info{cluster="prod", uuid="GPU-1", mig="", node="gpu-1"}'
_SERIES = 'gpuyield_accelerator_throttled_seconds_total{{cluster="prod", uuid="GPU-1", reason="{}"}}'
_WAIT = 15 * MINUTE


def _above(reasons: str, limit: str) -> Callable[[Scope, Thresholds], str]:
    def expr(scope: Scope, thresholds: Thresholds) -> str:
        share = largest(device.throttled_seconds_total, scope.over(CELLS), DEVICE, "rate", reason=reasons)
        return f"{share} > {getattr(thresholds, limit):g}"

    return expr


def _alert(name: str, what: str, reasons: str, limit: str, why: str, cases: tuple[Case, ...]) -> Alert:
    return Alert(
        name=name,
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ACCELERATOR,
        says=f"accelerator {{{{ $labels.uuid }}}} of node {{{{ $labels.node }}}} is throttled by {what}",
        why=why,
        by=DEVICE,
        limits=(limit,),
        expr=_above(reasons, limit),
        lasts_seconds=lambda _: _WAIT,
        needs=(device.throttled_seconds_total,),
        about="device",
        alarm=Alarm(
            stats={"seconds": Stat(device.throttled_seconds_total, "Maximum", {"reason": reasons.split("|")[0]})},
            expression="seconds / PERIOD(seconds)",
            above=lambda thresholds: float(getattr(thresholds, limit)),
            lasts_seconds=lambda _: _WAIT,
            period_seconds=60,
            lost=f"which device; only the reason {reasons.split('|')[0]}",
        ),
        cases=cases,
    )


alerts = (
    _alert(
        "GpuyieldThrottledByHeat",
        "heat",
        _HEAT,
        "throttled_thermal_ratio",
        "OpenCost's ratio; a sound machine has none of it, and a quarter of an hour is no short peak.",
        (
            Case("a tenth of the time", {_INFO: "1x60", _SERIES.format("hw_thermal"): "0+6x60"}, "50m", 1),
            Case("a thousandth of it", {_INFO: "1x60", _SERIES.format("hw_thermal"): "0+0.06x60"}, "50m", 0),
        ),
    ),
    _alert(
        "GpuyieldThrottledByPower",
        "power",
        _POWER,
        "throttled_power_ratio",
        "OpenCost's ratio; dense machines touch their cap now and then, so a tenth is let pass.",
        (
            Case("half of the time", {_INFO: "1x60", _SERIES.format("power_cap"): "0+30x60"}, "50m", 1),
            Case("idle clocks", {_INFO: "1x60", _SERIES.format("low_utilization"): "0+60x60"}, "50m", 0),
        ),
    ),
)
