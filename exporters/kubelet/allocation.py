"""Adds up what the kubelet's answers mean: which share of which device each container holds.

It remembers between answers: who came last, and how many ids a device has while it is unhealthy and not offered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from exporters.kubelet.client import Answer, Claim, Offer
from exporters.kubelet.device_ids import NEURON_CORE, NEURON_DEVICES, DeviceIds, DeviceNames, Place

Kind = tuple[str, Place]  # a resource and the place it is at: what ids of one shared device have in common
Unit = tuple[str, str]  # a resource and a device id
Pod = tuple[str, str]  # namespace, name


@dataclass(frozen=True, slots=True)
class Share:
    """What a container holds of a place: 1 is all of it."""

    place: Place
    namespace: str
    pod: str
    container: str
    share: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who holds what. The numbers of devices are None where it is not known which devices some ids belong to."""

    shares: tuple[Share, ...]
    allocatable: int | None
    requested: int | None


class Allocations:
    """Reads one answer of the kubelet after the other."""

    def __init__(self, machine: str, names: DeviceNames) -> None:
        self._machine = machine
        self._names = names
        self._cores_per_device: int | None = None
        self._ids_at: dict[Kind, int] = {}
        self._since: dict[tuple[Unit, Pod], int] = {}  # in which order they were first seen
        self._next = 0

    def of(self, answer: Answer) -> Allocation:
        self._cores_per_device = _cores_per_device(answer.offers) or self._cores_per_device
        ids = DeviceIds(self._machine, self._names, self._cores_per_device)
        offered = [(place, one) for one in answer.offers if (place := ids.place(one.resource, one.device_id))]
        newest = self._newest(answer.claims)
        held = [(place, one) for one in newest if (place := ids.place(one.resource, one.device_id))]
        self._remember(Counter((one.resource, place) for place, one in offered), held)
        return Allocation(
            self._shares(held), _devices(place for place, _ in offered), _devices(place for place, _ in held)
        )

    def _newest(self, claims: Iterable[Claim]) -> list[Claim]:
        """One pod for each id: pods that are done may still be listed when their ids are another's.

        The order of a list means nothing, so the pod that was first seen last wins. Of two that came between two
        answers either wins, and goes on winning.
        """
        known, self._since = self._since, {}
        newest: dict[Unit, Pod] = {}
        listed = [(claim, (claim.resource, claim.device_id), (claim.namespace, claim.pod)) for claim in claims]
        for _, unit, pod in listed:
            if (unit, pod) not in self._since:
                self._since[unit, pod] = known.get((unit, pod), self._next)
                self._next += 1
            if unit not in newest or self._since[unit, newest[unit]] < self._since[unit, pod]:
                newest[unit] = pod
        return [claim for claim, unit, pod in listed if newest[unit] == pod]

    def _remember(self, offered: dict[Kind, int], held: Iterable[tuple[Place, Claim]]) -> None:
        before = self._ids_at
        kinds = {(one.resource, place) for place, one in held}
        self._ids_at = {kind: before[kind] for kind in kinds & before.keys()} | offered

    def _shares(self, held: Iterable[tuple[Place, Claim]]) -> tuple[Share, ...]:
        numbers = Counter((place, one.namespace, one.pod, one.container, one.resource) for place, one in held)
        sums: defaultdict[tuple[Place, str, str, str], float] = defaultdict(float)
        for (place, namespace, pod, container, resource), number in numbers.items():
            sums[place, namespace, pod, container] += number / self._ids((resource, place))
        return tuple([Share(*holder, min(1.0, share)) for holder, share in sums.items()])

    def _ids(self, kind: Kind) -> int:
        """How many ids stand for the whole of a place.

        A plugin shares all devices of a resource alike: where one was never offered, because it has been unhealthy
        from the start, the most that another has stands for it.
        """
        resource, place = kind
        if resource == NEURON_CORE and place.is_known and self._cores_per_device:
            return self._cores_per_device
        if kind in self._ids_at:
            return self._ids_at[kind]
        return max((count for (other, _), count in self._ids_at.items() if other == resource), default=1)


def _cores_per_device(offers: Iterable[Offer]) -> int | None:
    """The plugin offers each Neuron device as a whole and by its cores; None where the two do not go together."""
    count = Counter(one.resource for one in offers)
    devices = max(count[name] for name in NEURON_DEVICES)
    cores = count[NEURON_CORE]
    return cores // devices if devices and cores and cores % devices == 0 else None


def _devices(places: Iterable[Place]) -> int | None:
    found = set(places)
    return len({place.uuid for place in found}) if all(place.is_known for place in found) else None
