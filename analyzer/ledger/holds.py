"""Which pod holds which unit, and when: claims matched to devices, by the exporter's labels first."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass

from analyzer.ledger.devices import REMAINDER, REPLICA, SLICE, Device, Unit
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.nodes import Node, Presence, spans
from analyzer.ledger.pods import Claim, Pods
from analyzer.pricing.instances import instance_types


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """`pod` holds `unit` from `start` to `end`, microseconds."""

    start: int
    end: int
    unit: int
    pod: int


class _Calendar:
    """The holds of one unit. A later binding ends an earlier one: only the newest owner of a device is real."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []

    def is_free(self, start: int, end: int) -> bool:
        return all(hold.end <= start or hold.start >= end for hold in self.holds)

    def add(self, hold: Hold) -> None:
        kept = []
        for other in self.holds:
            if other.end <= hold.start or other.start >= hold.end:
                kept.append(other)
            elif other.start < hold.start:
                kept.append(Hold(other.start, hold.start, other.unit, other.pod))
            else:
                hold = Hold(hold.start, min(hold.end, other.start), hold.unit, hold.pod)
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
) -> list[Hold]:
    """Holds of all units. Claims whose devices an exporter names come first, then the others take what is left."""
    calendars = {unit.number: _Calendar() for unit in units}
    units_on = _units_by_node(nodes, devices, units)
    named = _named_units(inputs, pods, devices, units)
    by_place: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node in nodes:
        by_place[(node.cluster, node.name)].append(node)
    missing: list[tuple[Claim, list[int], int]] = []
    for claim in sorted(asked, key=lambda claim: (claim.start, claim.pod)):
        for node in by_place[claim.place]:
            if claim.start >= node.end or claim.end <= node.start:
                continue
            fitting = [unit for unit in units_on[node.number] if _fits(unit, claim)]
            chosen = _labelled(claim, fitting, named, calendars)
            for unit in chosen:
                calendars[unit].add(Hold(claim.start, claim.end, unit, claim.pod))
            left = _wanted(claim, node, fitting) - len(chosen)
            if left > 0:
                missing.append((claim, [unit.number for unit in fitting if unit.number not in chosen], left))
    for claim, candidates, left in missing:
        free = [unit for unit in candidates if calendars[unit].is_free(claim.start, claim.end)]
        free.sort(key=lambda unit: (named.is_ever_named(unit), unit))
        for unit in free[:left]:
            calendars[unit].add(Hold(claim.start, claim.end, unit, claim.pod))
    return sorted(hold for calendar in calendars.values() for hold in calendar.holds)


class _Named:
    """What exporters' labels say: the units that carried a pod's name, and when."""

    def __init__(self) -> None:
        self._named: dict[int, list[tuple[int, Presence]]] = defaultdict(list)
        self._ever: set[int] = set()

    def add(self, pod: int, unit: int, presence: Presence) -> None:
        self._named[pod].append((unit, presence))
        self._ever.add(unit)

    def during(self, claim: Claim) -> set[int]:
        """The units named for the claim's pod while the claim lasts."""
        return {unit for unit, seen in self._named[claim.pod] if seen.first < claim.end and seen.last > claim.start}

    def is_ever_named(self, unit: int) -> bool:
        return unit in self._ever


def _named_units(inputs: Inputs, pods: Pods, devices: list[Device], units: list[Unit]) -> _Named:
    by_place: dict[tuple[str, str], list[int]] = defaultdict(list)
    for unit in units:
        by_place[(devices[unit.device].uuid, unit.mig)].append(unit.number)
    named = _Named()
    seen = spans(inputs, "allocation")
    for row in inputs.series("allocation"):
        pod = pods.number_of.get((row["cluster"], row["namespace"], row["pod"]))
        if row["pod"] and pod is not None and int(row["series"]) in seen:
            for number in by_place.get((row["uuid"], row["mig"]), ()):
                named.add(pod, number, seen[int(row["series"])])
    return named


def _labelled(claim: Claim, fitting: list[Unit], named: _Named, calendars: dict[int, _Calendar]) -> list[int]:
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
