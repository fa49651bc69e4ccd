"""A source of gpuyield does not answer, or stopped telling: what the other alerts see may be old.

What it means: a source fails, an exporter that told of it is gone, or `gpuyield publish` closed no cell for an hour.
What to do: the gpuyield itself board shows which one and since when; the exporter's log says why, and `gpuyield
doctor` what is missing. A source that does not exist on a machine is absent, not down, and no alert.
What it is not: a node that went away with its exporter's pod; other nodes still tell of that source.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Missing, Stat, Untold
from alerts.alert import Alert, Board, Case, Owner, Severity
from alerts.asking import HOUR, MINUTE, labels, largest, smallest
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import ledger, telemetry

_SOURCE = ("cluster", "source")
_TOLD = (*_SOURCE, "instance")
_CLUSTER = ("cluster",)
_UP = 'gpuyield_source_up{cluster="prod", source="nvml", instance="10.0.0.1:9400"}'
_CLOSED = 'gpuyield_ledger_closed_cell_timestamp_seconds{cluster="prod"}'


def _gone(scope: Scope, _: Thresholds) -> str:
    before = largest(telemetry.source_up, scope.over("2h"), _SOURCE, "max_over_time")
    return f"{before} unless on ({labels(scope, _SOURCE)}) {largest(telemetry.source_up, scope, _SOURCE)}"


alerts = (
    Alert(
        name="GpuyieldSourceDown",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ITSELF,
        says="source {{ $labels.source }} of {{ $labels.instance }} does not answer",
        why="Sources are asked several times a minute: ten minutes are no hiccup.",
        by=_TOLD,
        limits=("source_down_minutes",),
        expr=lambda scope, _: f"{smallest(telemetry.source_up, scope, _TOLD)} == 0",
        lasts_seconds=lambda thresholds: thresholds.source_down_minutes * MINUTE,
        needs=(telemetry.source_up,),
        alarm=Untold("an alarm would have to name each source, and which there are differs by node"),
        cases=(
            Case("fails", {_UP: "1x5 0x30"}, "30m", 1),
            Case("answers", {_UP: "1x40"}, "30m", 0),
            Case("failed once", {_UP: "1x20 0 1x30"}, "22m", 0),
        ),
    ),
    Alert(
        name="GpuyieldSourceGone",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ITSELF,
        says="nobody tells of source {{ $labels.source }} any more",
        why="A rollout of the exporters takes some minutes; the alert ends after two hours: the source is history.",
        by=_SOURCE,
        limits=("source_down_minutes",),
        expr=_gone,
        lasts_seconds=lambda thresholds: thresholds.source_down_minutes * MINUTE,
        needs=(telemetry.source_up,),
        alarm=Untold("an alarm would have to name each source, and which there are differs by node"),
        cases=(
            Case("its exporter is away", {_UP: "1x20 _x60"}, "50m", 1),
            Case("its exporter moved", {_UP: "1x20 _x60", _UP.replace("0.1:", "0.2:"): "_x20 1x60"}, "50m", 0),
        ),
    ),
    Alert(
        name="GpuyieldLedgerStopped",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ITSELF,
        says="the ledger of {{ $labels.cluster }} is {{ $value | humanizeDuration }} old: alerts about money are blind",
        why="A cell closes each five minutes; what lacks for an hour is a signal gone silent.",
        by=_CLUSTER,
        limits=("metric_silence_hours",),
        expr=lambda scope, thresholds: (
            f"time() - {largest(ledger.closed_cell_seconds, scope, _CLUSTER)}"
            f" > {thresholds.metric_silence_hours * HOUR:.0f}"
        ),
        lasts_seconds=lambda _: 5 * MINUTE,
        needs=(ledger.closed_cell_seconds,),
        alarm=Alarm(
            stats={"known": Stat(ledger.coverage_ratio, "SampleCount", {"signal": "state"})},
            above=lambda _: 1.0,
            is_below=True,
            lasts_seconds=lambda thresholds: thresholds.metric_silence_hours * HOUR,
            missing=Missing.WRONG,
            lost="",
        ),
        cases=(
            Case("stopped two hours ago", {_CLOSED: "0x150"}, "2h", 1),
            Case("closes cells", {_CLOSED: "0+60x150"}, "2h", 0),
        ),
    ),
)
