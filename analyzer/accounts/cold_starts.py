"""What starts cost: the dollars of devices that were held, or paid, while a pod or a node was not ready yet.

Where gpuyield's cluster exporter told the steps of a start, the dollars are split over them by their length. A step
that nobody saw leaves that start unsplit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.states import HELD_STARTING, NODE_STARTING

# From one told step to the next: what happens between them. A pod's devices are held from `scheduled` on, a node is
# paid from `launched` on.
POD_STEPS = (
    ("scheduled", "image_pulled", "image pull"),
    ("image_pulled", "started", "container start"),
    ("started", "ready", "load and warm-up"),
)
NODE_STEPS = (
    ("launched", "registered", "boot"),
    ("registered", "initialized", "join"),
    ("initialized", "devices", "device plugin"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the starts whose steps were told, added up."""

    name: str
    starts: int
    seconds: float
    dollars: float | None


@dataclass(frozen=True, slots=True)
class Starts:
    """All starts of one kind in the window; dollars are of those that have a price, None where none has."""

    kind: str  # pod or node
    starts: int
    seconds: float
    dollars: float | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Start:
    subject: int
    seconds: float
    dollars: float | None


def pod_starts(ledger: Ledger) -> Starts:
    """Starts of pods that held accelerators meanwhile."""
    starts = _starts(ledger, HELD_STARTING, "s.pod")
    return _added(
        "pod", starts, _told(ledger, "pod_steps", "pod", "s.namespace = p.namespace AND s.pod = p.name"), POD_STEPS
    )


def node_starts(ledger: Ledger) -> Starts:
    """Starts of accelerator nodes."""
    starts = _starts(ledger, NODE_STARTING, "s.node")
    return _added("node", starts, _told(ledger, "node_steps", "node", "s.node = p.name"), NODE_STEPS)


def _starts(ledger: Ledger, state: str, subject: str) -> list[_Start]:
    """Each spell in the state of each subject, over all devices that it has."""
    rows = ledger.inputs.db.execute(
        f"""
        WITH priced AS (
            SELECT s.unit, {subject} AS subject, greatest(s.start_t, p.start_t) AS start_t,
                least(s.end_t, p.end_t) AS end_t, u.parts / u.whole * p.device_dollars_per_hour AS dollars_per_hour
            FROM segment AS s JOIN unit AS u USING (unit)
            JOIN node_price AS p ON p.node = s.node AND p.start_t < s.end_t AND p.end_t > s.start_t
            WHERE s.state = '{state}'
        ),
        marked AS (
            SELECT *,
                CASE WHEN start_t = lag(end_t) OVER w AND subject = lag(subject) OVER w THEN 0 ELSE 1 END AS is_new
            FROM priced WINDOW w AS (PARTITION BY unit ORDER BY start_t)
        ),
        spell AS (
            SELECT *, sum(is_new) OVER (PARTITION BY unit ORDER BY start_t) AS spell FROM marked
        ),
        of_unit AS (
            SELECT subject, min(start_t) AS start_t, max(end_t) AS end_t,
                sum((end_t - start_t) / 3.6e9 * dollars_per_hour) AS dollars
            FROM spell GROUP BY subject, unit, spell
        )
        SELECT subject, (max(end_t) - start_t) / 1e6, sum(dollars) FROM of_unit
        GROUP BY subject, start_t ORDER BY subject, start_t
        """
    ).fetchall()
    return [_Start(*row) for row in rows]


def _told(ledger: Ledger, table: str, subject: str, match: str) -> dict[int, dict[str, float]]:
    """Seconds to each step that was told, by subject; the newest word counts."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    rows = ledger.inputs.db.execute(
        f"""
        SELECT p.{subject}, s.step, arg_max(x.value, x.t) FROM {table} AS x JOIN {table}_series AS s USING (series)
        JOIN {subject} AS p ON s.cluster = p.cluster AND {match} WHERE isfinite(x.value) GROUP BY ALL
        """
    ).fetchall()
    for number, step, seconds in rows:
        found[number][step] = seconds
    return found


def _added(
    kind: str,
    starts: Sequence[_Start],
    told: Mapping[int, Mapping[str, float]],
    steps: Sequence[tuple[str, str, str]],
) -> Starts:
    """Starts with their steps. A subject that started twice was told once: which start it was is not known."""
    once = {one.subject: one for one in starts if sum(other.subject == one.subject for other in starts) == 1}
    split: dict[str, list[_Start]] = {name: [] for _, _, name in steps}
    for subject, start in once.items():
        at = told.get(subject, {})
        if not all(step in at for pair in steps for step in pair[:2]):
            continue
        long = {name: max(0.0, at[until] - at[since]) for since, until, name in steps}
        whole = sum(long.values())
        for name, seconds in long.items():
            dollars = start.dollars * seconds / whole if start.dollars is not None and whole else None
            split[name].append(_Start(subject, seconds, dollars))
    return Starts(
        kind,
        len(starts),
        sum(one.seconds for one in starts),
        _dollars(starts),
        tuple(
            Step(name, len(all_), sum(one.seconds for one in all_), _dollars(all_))
            for name, all_ in split.items()
            if all_
        ),
    )


def _dollars(starts: Sequence[_Start]) -> float | None:
    known = [one.dollars for one in starts if one.dollars is not None]
    return sum(known) if known else None
