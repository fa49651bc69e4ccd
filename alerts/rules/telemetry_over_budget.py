"""What is sent to a paid service costs more in a month than it should.

What it means: CloudWatch or another sink charges for the series and bytes that the exporters send to it, by the price
table in use, and that is above the budget.
What to do: `gpuyield export --help` has the sink's options: a limit of series, a longer period, fewer families. A sink
that leaves series out says so in `gpuyield_sink_series{result="left_out"}`. Set `telemetry_dollars_per_month` to what
it may cost.
What it is not: what other agents send to the same account.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Owner, Severity
from alerts.asking import HOUR, summed
from exporters.canonical import telemetry

_BY = ("cluster", "sink")
_SERIES = 'gpuyield_telemetry_dollars_per_month{{cluster="prod", sink="cloudwatch", instance="{}"}}'

alerts = (
    Alert(
        name="GpuyieldTelemetryOverBudget",
        severity=Severity.TICKET,
        owner=Owner.FINOPS,
        board=Board.ITSELF,
        says='the sink {{ $labels.sink }} costs ${{ $value | printf "%.0f" }} a month',
        why="Series come and go with a rollout; an hour later the number is the new one.",
        by=_BY,
        limits=("telemetry_dollars_per_month",),
        expr=lambda scope, thresholds: (
            f"{summed(telemetry.telemetry_dollars_per_month, scope, _BY)} > {thresholds.telemetry_dollars_per_month:g}"
        ),
        lasts_seconds=lambda _: HOUR,
        needs=(telemetry.telemetry_dollars_per_month,),
        alarm=Alarm(
            stats={"dearest": Stat(telemetry.telemetry_dollars_per_month, "Maximum", {"sink": "cloudwatch"})},
            above=lambda thresholds: thresholds.telemetry_dollars_per_month,
            lasts_seconds=lambda _: HOUR,
            lost="the sum over exporters: the dearest one alone; sinks beside cloudwatch",
        ),
        cases=(
            Case("two exporters together", {_SERIES.format("a"): "70x120", _SERIES.format("b"): "70x120"}, "2h", 1),
            Case("one of them", {_SERIES.format("a"): "70x120"}, "2h", 0),
        ),
    ),
)
