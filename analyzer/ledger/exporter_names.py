"""Which units exporters name for which pods: DCGM and its like put the holder's name on a device's series."""

from __future__ import annotations

from collections import defaultdict

from analyzer.ledger.claims import Claim
from analyzer.ledger.devices import Device, Unit
from analyzer.ledger.inputs import Inputs, pod_key
from analyzer.ledger.nodes import Presence, spans
from analyzer.ledger.pods import Pods


class ExporterNames:
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


def exporter_names(
    inputs: Inputs, pods: Pods, devices: list[Device], units: list[Unit], asked: list[Claim]
) -> ExporterNames:
    """Names count for pods that claim something: a page without workload labels seems to name its exporter."""
    by_place: dict[tuple[str, str], list[int]] = defaultdict(list)
    for unit in units:
        by_place[(devices[unit.device].uuid, unit.mig)].append(unit.number)
    holders = {claim.pod for claim in asked}
    named = ExporterNames()
    seen = spans(inputs, "allocation")
    for row in inputs.series("allocation"):
        pod = pods.number_of.get(pod_key(row))
        if row["pod"] and pod in holders and int(row["series"]) in seen:
            for number in by_place.get((row["uuid"], row["mig"]), ()):
                named.add(pod, number, seen[int(row["series"])])
    return named
