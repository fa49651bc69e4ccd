"""Looks at each signal that the ledger read: there or not, fresh or stale, under which name, in which scale."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.doctor.catalogue import DEVICE, ENGINE, NODE, POD, SIGNALS, Signal
from analyzer.doctor.model import ABSENT, OLDER_NAME, PARTLY, PRESENT, QUIET, STALE, WRONG_SCALE, SignalLine
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.ledger import Ledger
from analyzer.window import rfc3339
from exporters.upstream import families

# A signal is stale when it has been silent for more than three of its own intervals (DESIGN 6.1), and this long.
_SILENT_INTERVALS = 3
_SILENT_AT_LEAST_US = 120_000_000
# Rounding and an interval that is a little too long may lift a ratio above 1; a percent lifts it far above.
_RATIO_MAX = 1.5
_ENDED = ".."  # versions such as "..0.11.1": the name is gone in later ones


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a signal's table holds inside the window."""

    names: list[str]
    series: int
    interval_seconds: float
    newest: int
    largest: float
    subjects: int  # devices, engines, ... that have it at all


def signal_lines(ledger: Ledger) -> list[SignalLine]:
    """A line per signal of the catalogue, in its order."""
    inputs = ledger.inputs
    seen = {signal.table: _look(inputs, signal) for signal in SIGNALS}
    ends = [one.newest for one in seen.values() if one is not None]
    last = max(ends, default=inputs.window.end)
    most: dict[str, int] = {}
    for signal in SIGNALS:
        found = seen[signal.table]
        if found is not None:
            most[signal.subject] = max(most.get(signal.subject, 0), found.subjects)
    quiet = {signal.table for signal in SIGNALS if signal.needs and seen[signal.needs] is not None}
    return [_line(signal, seen[signal.table], last, most, signal.table in quiet) for signal in SIGNALS]


# The labels that make two series of a table speak of one subject.
_SUBJECT = {DEVICE: "uuid", NODE: "node", POD: "namespace, pod", ENGINE: "namespace, pod, instance"}


def _look(inputs: Inputs, signal: Signal) -> _Seen | None:
    subject = _SUBJECT.get(signal.subject, "instance")
    named = " AND pod <> ''" if signal.table == "allocation" else ""  # without a pod it only says: not mapped
    row = inputs.db.execute(
        f"""
        SELECT list(DISTINCT s.upstream ORDER BY s.upstream), count(DISTINCT s.series), median(s.interval_us) / 1e6,
            max(x.t), max(x.value), count(DISTINCT ({subject}))
        FROM {signal.table} AS x JOIN {signal.table}_series AS s USING (series)
        WHERE NOT isnan(x.value) AND x.t < {inputs.window.end}{named}
        """
    ).fetchall()[0]
    return _Seen(*row) if row[1] else None


def _line(signal: Signal, seen: _Seen | None, last: int, most: dict[str, int], is_quiet: bool) -> SignalLine:
    if seen is None:
        state = QUIET if is_quiet else ABSENT
        return SignalLine(
            signal.title, signal.subject, state, [], 0, None, None, "", signal.decides, signal.remedy, signal.is_needed
        )
    state, detail = _state(signal, seen, last, most.get(signal.subject, 0))
    return SignalLine(
        signal.title,
        signal.subject,
        state,
        seen.names,
        seen.series,
        seen.interval_seconds,
        rfc3339(seen.newest),
        detail,
        signal.decides,
        "" if state in (PRESENT, QUIET) else signal.remedy,
        signal.is_needed,
    )


def _state(signal: Signal, seen: _Seen, last: int, subjects: int) -> tuple[str, str]:
    silent = last - seen.newest
    if signal.is_ratio and seen.largest > _RATIO_MAX:
        return WRONG_SCALE, f"up to {seen.largest:g}, and a ratio ends at 1"
    if silent > max(_SILENT_INTERVALS * seen.interval_seconds * 1e6, _SILENT_AT_LEAST_US):
        return STALE, f"silent for the last {silent / 1e6:.0f} s"
    old = sorted(name for name in seen.names if is_older_name(name))
    if old:
        return OLDER_NAME, f"{', '.join(old)} is gone from later versions"
    if signal.subject in (DEVICE, ENGINE) and seen.subjects < subjects:
        return PARTLY, f"{seen.subjects} of {subjects} {signal.subject}s"
    return PRESENT, ""


def is_older_name(name: str) -> bool:
    """Whether the declarations say that later versions of the producer have another name for it."""
    stem = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
    declared = [
        upstream
        for family in families().values()
        for upstream in family.upstreams
        if upstream.name in (name, stem) and upstream.versions
    ]
    return bool(declared) and all(upstream.versions.startswith(_ENDED) for upstream in declared)
