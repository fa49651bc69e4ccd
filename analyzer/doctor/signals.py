"""Looks at each signal that the ledger read: there or not, fresh or stale, under which name, at how many subjects."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.doctor.catalogue import BESIDE, DEVICE, ENGINE, NODE, POD, SIGNALS, Signal
from analyzer.doctor.model import ABSENT, OLDER_NAME, PARTLY, PRESENT, QUIET, STALE, WRONG_SCALE, SignalLine
from analyzer.doctor.scale import wrong_scales
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.joins import DEVICE_TO_POD
from analyzer.ledger.ledger import Ledger
from analyzer.window import CELL, MICROSECONDS, rfc3339
from exporters.upstream import families

# A signal is stale when it has been silent for more than three of its own intervals (DESIGN 6.1), and this long.
_SILENT_INTERVALS = 3
_SILENT_AT_LEAST_US = 120 * MICROSECONDS
_ENDED = ".."  # versions such as "..0.11.1": the name is gone in later ones


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a signal's table holds up to the window's end. `subjects`: devices, nodes, ... that have it in the window;
    none where it ended before."""

    names: list[str]
    series: int
    interval_seconds: float
    newest: int
    subjects: int


# The labels that make two series of a table speak of one subject.
_SUBJECT = {DEVICE: "cluster, uuid", NODE: "cluster, node", POD: "cluster, namespace, pod"}
_PAGE = "cluster, namespace, pod, instance"
# Of these every subject should have every signal; pods are too different from each other.
_COMPARED = (DEVICE, NODE, ENGINE)
# A free device has no pod, and only nodes with devices matter for what a node has and offers of them.
_SOMETIMES = ("allocation", "node_capacity", "node_allocatable")


def signal_lines(ledger: Ledger) -> list[SignalLine]:
    """A line per signal of the catalogue, in its order."""
    seen = {signal.table: _look(ledger.inputs, signal) for signal in SIGNALS}
    wrong = wrong_scales(ledger.inputs)
    last = _last(ledger, seen)
    most = _most_subjects(seen)
    lines = []
    for signal in SIGNALS:
        found = seen[signal.table]
        if found is None:
            state = QUIET if _is_quiet(signal, ledger, seen) else ABSENT
            lines.append(_line(signal, None, state, "", _missing_remedy(signal, seen) if state == ABSENT else ""))
        else:
            state, detail = _state(signal, found, last[signal.subject], most, wrong.get(signal.table, ""))
            lines.append(_line(signal, found, state, detail, _remedy(signal, found, state)))
    return lines


def _look(inputs: Inputs, signal: Signal) -> _Seen | None:
    subject = _SUBJECT.get(signal.subject, _PAGE)
    told = " OR ".join(f"s.{label} <> ''" for label in signal.told_by) or "true"
    row = inputs.db.execute(
        f"""
        SELECT list(DISTINCT s.upstream ORDER BY s.upstream) FILTER ({told}),
            count(DISTINCT s.series) FILTER ({told}), median(s.interval_us) / 1e6, max(x.t),
            count(DISTINCT ({subject})) FILTER (({told}) AND x.t >= {inputs.window.start})
        FROM {signal.table} AS x JOIN {signal.table}_series AS s USING (series)
        WHERE NOT isnan(x.value) AND x.t < {inputs.window.end}
        """
    ).fetchall()[0]
    return _Seen(*row) if row[1] else None


def _last(ledger: Ledger, seen: dict[str, _Seen | None]) -> dict[str, int]:
    """By subject, the time up to which a signal should have been heard: the newest sample of anything, and the end of
    the window where that is much later. Engines need not outlive their pods."""
    last = max([*(one.newest for one in seen.values() if one), ledger.window.end - 2 * CELL])
    found = dict.fromkeys((signal.subject for signal in SIGNALS), last)
    pods, served = seen["pod_info"], _last_of_engine_pods(ledger)
    if pods and served is not None and pods.newest - served > _SILENT_AT_LEAST_US:
        engines = [one.newest for signal in SIGNALS if signal.subject == ENGINE and (one := seen[signal.table])]
        found[ENGINE] = max([*engines, served])
    return found


def _last_of_engine_pods(ledger: Ledger) -> int | None:
    newest: int | None = ledger.inputs.db.execute(
        f"""
        SELECT max(x.t) FROM pod_info AS x JOIN pod_info_series AS s USING (series)
        JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
        WHERE NOT isnan(x.value) AND x.t < {ledger.window.end}
            AND p.pod IN (SELECT pod FROM running_pod UNION SELECT pod FROM generation_pod)
        """
    ).fetchall()[0][0]
    return newest


def _most_subjects(seen: dict[str, _Seen | None]) -> dict[str, int]:
    most: dict[str, int] = {}
    for signal in SIGNALS:
        found = seen[signal.table]
        if found and _is_everywhere(signal):
            most[signal.subject] = max(most.get(signal.subject, 0), found.subjects)
    return most


def _is_everywhere(signal: Signal) -> bool:
    """Whether a subject without it is one that something is missing of."""
    return signal.subject in _COMPARED and signal.is_needed and not signal.needs and signal.table not in _SOMETIMES


def _state(signal: Signal, seen: _Seen, last: int, most: dict[str, int], wrong: str) -> tuple[str, str]:
    """The state, and where it is no plain one, what is meant by it."""
    silent = last - seen.newest
    is_event = bool(signal.needs)  # ends when what it tells of is over
    if wrong:
        return WRONG_SCALE, wrong
    if not is_event and silent > max(_SILENT_INTERVALS * seen.interval_seconds * MICROSECONDS, _SILENT_AT_LEAST_US):
        return STALE, f"silent since {rfc3339(seen.newest)[:16].replace('T', ' ')}"
    old = [f"up to {ended}: {name}" for name in seen.names if (ended := older_until(name))]
    if old:
        return OLDER_NAME, ", ".join(old)
    there = most.get(signal.subject, 0)
    if _is_everywhere(signal) and seen.subjects < there:
        return PARTLY, f"at {seen.subjects} of {there} {signal.subject}s"
    return PRESENT, ""


def _line(signal: Signal, seen: _Seen | None, state: str, detail: str, remedy: str) -> SignalLine:
    return SignalLine(
        signal.title,
        signal.subject,
        state,
        seen.names if seen else [],
        seen.series if seen else 0,
        seen.interval_seconds if seen else None,
        rfc3339(seen.newest) if seen else None,
        detail,
        signal.decides,
        remedy,
        signal.is_needed,
    )


def _is_quiet(signal: Signal, ledger: Ledger, seen: dict[str, _Seen | None]) -> bool:
    """Whether what is not there only says that nothing happened."""
    if signal.table == "allocation":
        held = sum(join.total for join in ledger.joins if join.subject == DEVICE_TO_POD)
        return not held and seen["accelerator"] is not None and seen["pod_requested"] is not None
    return bool(signal.needs) and seen[signal.needs] is not None


def _missing_remedy(signal: Signal, seen: dict[str, _Seen | None]) -> str:
    """Install the source; where it runs already, let it show the signal."""
    if seen.get(signal.stands_in_for):
        return ""
    beside = BESIDE.get(signal.remedy)
    mine = [seen[one.table] for one in SIGNALS if one.subject == signal.subject]
    names = [name for one in mine if one for name in one.names]
    return beside.remedy if beside and any(name.startswith(beside.prefixes) for name in names) else signal.remedy


def _remedy(signal: Signal, seen: _Seen, state: str) -> str:
    """What to do about a signal that is there: repair it where it is not right."""
    names = ", ".join(seen.names)
    if state == WRONG_SCALE:
        return f"find the rule or exporter that changed the unit of {names}, and keep what the producer prints"
    if state == STALE:
        return f"find out why {names} stopped: look for its target on Prometheus' page /targets"
    if state == OLDER_NAME:
        return "nothing now; after an upgrade the new name is read by itself"
    return signal.remedy if state == PARTLY else ""


def older_until(name: str) -> str:
    """The last version that has this name, where the declarations say that later ones have another; else empty."""
    stem = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
    versions = [
        upstream.versions
        for family in families().values()
        for upstream in family.upstreams
        if upstream.name in (name, stem) and upstream.versions
    ]
    ended = [one.removeprefix(_ENDED) for one in versions if one.startswith(_ENDED)]
    return max(ended) if ended and len(ended) == len(versions) else ""
