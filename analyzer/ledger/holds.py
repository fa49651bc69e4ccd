"""Which pod holds which unit, and when: claims matched to devices, by the exporter's labels first."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass, replace

from analyzer.ledger.claims import Claim
from analyzer.ledger.devices import REMAINDER, REPLICA, SLICE, WHOLE, Device, Unit
from analyzer.ledger.exporter_names import ExporterNames, exporter_names
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.joins import DEVICE_TO_POD, Join, join_of
from analyzer.ledger.nodes import Node
from analyzer.ledger.pods import Pods
from analyzer.pricing.instances import instance_types

# A pod is taken to be there until one scrape interval after its last sample. A pod that was bound to a full node within
# this time took the place of one that had gone.
_LAST_SEEN_US = 300_000_000
# How a pod's device was found: named by the exporter, or the only possible one because the pod asks for all of them.
NAMED, ALL_OF_NODE = "exporter label", "all of the node"


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """`pod` holds `unit` from `start` to `end`, microseconds. `way` is empty where only the count is known: it holds
    some unit of the node, and this one stands for it."""

    start: int
    end: int
    unit: int
    pod: int
    way: str


@dataclass(frozen=True, slots=True)
class CountedSpan:
    """From `start` on, `held` whole devices of a node are held, nobody knows which; 0 while that is no question."""

    node: int
    start: int
    held: int


@dataclass(frozen=True, slots=True)
class Holding:
    """All holds, what is known by count alone, and how claims found their devices."""

    holds: list[Hold]
    counted: list[CountedSpan]
    join: Join


class _Calendar:
    """The holds of one unit. A later binding ends an earlier one: only the newest owner of a device is real."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []

    def is_free(self, start: int, end: int) -> bool:
        return all(hold.end <= start or hold.start >= end for hold in self.holds)

    def is_left_for(self, start: int, end: int) -> bool:
        """Free from `start` to `end`, but for holders from before that were last seen about `start`."""
        return all(
            hold.end <= start or hold.start >= end or hold.start < start >= hold.end - _LAST_SEEN_US
            for hold in self.holds
        )

    def add(self, hold: Hold) -> None:
        kept = []
        for other in self.holds:
            if other.end <= hold.start or other.start >= hold.end:
                kept.append(other)
            elif other.start < hold.start:
                kept.append(replace(other, end=hold.start))
            else:
                hold = replace(hold, end=min(hold.end, other.start))
                kept.append(other)
        self.holds = kept
        if hold.start < hold.end:
            insort(self.holds, hold)


def match_holds(
    inputs: Inputs,
    nodes: list[Node],
    devices: list[Device],
    units: list[Unit],
    pods: Pods,
    asked: list[Claim],
) -> Holding:
    """Holds of all units. Claims whose devices an exporter names come first, then the others take what is left,
    devices that an exporter shows first."""
    calendars = {unit.number: _Calendar() for unit in units}
    units_on = _units_by_node(nodes, devices, units)
    named = exporter_names(inputs, pods, devices, units, asked)
    shown = {unit.number for unit in units if devices[unit.device].first is not None}
    missing = _hold_named(nodes, units_on, asked, named, calendars)
    unplaced = sum(_hold_any(one, len(units_on[one.node]), named, shown, calendars) for one in missing)
    holds = sorted(hold for calendar in calendars.values() for hold in calendar.holds)
    found = {(hold.unit, hold.pod, hold.way) for hold in holds if hold.unit in shown}
    join = join_of(DEVICE_TO_POD, [*(way or None for _, _, way in found), *([None] * unplaced)])
    return Holding(holds, _counted_spans(units_on, shown, named, holds), join)


@dataclass(frozen=True, slots=True)
class _Missing:
    """A claim on a node for which `count` units were not named, and the units that would fit."""

    claim: Claim
    node: int
    candidates: list[int]
    count: int


def _hold_named(
    nodes: list[Node],
    units_on: dict[int, list[Unit]],
    asked: list[Claim],
    named: ExporterNames,
    calendars: dict[int, _Calendar],
) -> list[_Missing]:
    """Gives claims the units that exporters name for them; returns what is left to find."""
    by_place: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in nodes:
        by_place[(node.cluster, node.name)].append(node)
    missing: list[_Missing] = []
    for claim in sorted(asked, key=lambda claim: (claim.start, claim.pod)):
        for node in by_place[claim.place]:
            if claim.start >= node.end or claim.end <= node.start:
                continue
            fitting = [unit for unit in units_on[node.number] if _fits(unit, claim)]
            chosen = _labelled(claim, fitting, named, calendars)
            for unit in chosen:
                calendars[unit].add(Hold(claim.start, claim.end, unit, claim.pod, NAMED))
            left = _wanted(claim, node, fitting) - len(chosen)
            if left > 0:
                candidates = [unit.number for unit in fitting if unit.number not in chosen]
                missing.append(_Missing(claim, node.number, candidates, left))
    return missing


def _hold_any(
    missing: _Missing, on_node: int, named: ExporterNames, shown: set[int], calendars: dict[int, _Calendar]
) -> int:
    """Gives a claim units that nobody else holds; returns how many were not to be found."""
    claim = missing.claim
    start, end = claim.start, claim.end
    free = [unit for unit in missing.candidates if calendars[unit].is_left_for(start, end)]
    free.sort(
        key=lambda unit: (not calendars[unit].is_free(start, end), named.is_ever_named(unit), unit not in shown, unit)
    )
    way = ALL_OF_NODE if missing.count == len(free) == on_node else ""
    for unit in free[: missing.count]:
        calendars[unit].add(Hold(start, end, unit, claim.pod, way))
    return max(0, missing.count - len(free))


def _counted_spans(
    units_on: dict[int, list[Unit]], shown: set[int], named: ExporterNames, holds: list[Hold]
) -> list[CountedSpan]:
    """How many devices are held, on nodes of whole devices that an exporter shows and never names for a holder."""
    node_of = {
        unit.number: node
        for node, here in units_on.items()
        if all(unit.kind == WHOLE and not named.is_ever_named(unit.number) for unit in here)
        and any(unit.number in shown for unit in here)
        for unit in here
    }
    changes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for hold in holds:
        if hold.unit in node_of and not hold.way:
            changes[node_of[hold.unit]][hold.start] += 1
            changes[node_of[hold.unit]][hold.end] -= 1
    found: list[CountedSpan] = []
    for node, at in sorted(changes.items()):
        held = 0
        for start in sorted(at):
            held += at[start]
            found.append(CountedSpan(node, start, held))
    return found


def _labelled(claim: Claim, fitting: list[Unit], named: ExporterNames, calendars: dict[int, _Calendar]) -> list[int]:
    """The units that labels give to the claim's pod; of a shared device only as many replicas as it asked for."""
    mine = named.during(claim)
    chosen = [unit for unit in fitting if unit.number in mine]
    if any(unit.kind == REPLICA for unit in chosen):
        free = [unit for unit in chosen if calendars[unit.number].is_free(claim.start, claim.end)]
        if claim.kind == "label":  # nobody says how many replicas: one on each device that names the pod
            return list({unit.device: unit.number for unit in reversed(free)}.values())
        return [unit.number for unit in free[: round(claim.count)]]
    return [unit.number for unit in chosen]


def _fits(unit: Unit, claim: Claim) -> bool:
    if unit.kind == REMAINDER:
        return False
    if claim.kind.startswith("mig:"):
        return unit.kind == SLICE and unit.profile.split("+")[0] == claim.kind.removeprefix("mig:").split("+")[0]
    return claim.kind == "label" or unit.kind != SLICE or claim.kind == "gpu"


def _wanted(claim: Claim, node: Node, fitting: list[Unit]) -> int:
    """How many units a claim needs."""
    if claim.kind == "neuroncore":
        entry = instance_types().get(node.shape.instance_type)
        cores = (entry.neuron_cores or 0) if entry else 0
        per_device = cores / entry.devices if entry and cores else 1
        return max(1, round(claim.count / per_device))
    return min(round(claim.count), len(fitting))


def _units_by_node(nodes: list[Node], devices: list[Device], units: list[Unit]) -> dict[int, list[Unit]]:
    found: dict[int, list[Unit]] = {node.number: [] for node in nodes}
    for unit in units:
        found[devices[unit.device].node].append(unit)
    return found
