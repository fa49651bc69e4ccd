"""Which container holds which accelerator, as the kubelet says.

A device that nobody holds has no allocation; where the kubelet does not answer, the source fails: then it is not
known who holds what, and nothing is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from exporters.canonical import device, nodes
from exporters.kubelet.allocation import Allocations
from exporters.kubelet.client import PodResources
from exporters.kubelet.device_ids import DeviceNames, NoNames
from exporters.metric import Metric, Sample
from exporters.source import Source
from exporters.sources.neuron.place import instance_id_of_firmware

DEADLINE_SECONDS = 8.0  # below the 10 s after which the agent takes a reading for hung


class KubeletSettings(Protocol):
    """What this source is told."""

    @property
    def node_name(self) -> str:
        """The Kubernetes node that this runs on."""

    @property
    def kubelet_socket(self) -> Path:
        """Usually /var/lib/kubelet/pod-resources/kubelet.sock."""

    @property
    def sysfs(self) -> Path:
        """Where the kernel shows devices."""


class KubeletSource:
    """One question to the kubelet for each reading. `machine` is what the names of Neuron devices begin with."""

    metrics: tuple[Metric, ...] = (device.allocation, nodes.accelerators)

    def __init__(
        self,
        node: str,
        machine: str,
        path: Path,
        names: DeviceNames,
        deadline_seconds: float = DEADLINE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._node = node
        self._kubelet = PodResources(path, deadline_seconds)
        self._allocations = Allocations(machine, names)
        self._clock = clock

    def read(self) -> list[Sample]:
        found = self._allocations.of(self._kubelet.ask())
        at = self._clock()
        samples = [
            device.allocation.sample(
                one.share,
                at,
                uuid=one.place.uuid,
                mig=one.place.mig,
                namespace=one.namespace,
                pod=one.pod,
                container=one.container,
            )
            for one in found.shares
        ]
        samples.extend(self._counts({"allocatable": found.allocatable, "requested": found.requested}, at))
        return samples

    def _counts(self, devices: Mapping[str, int | None], at: float) -> Iterator[Sample]:
        for state, number in devices.items():
            if number is not None:
                yield nodes.accelerators.sample(number, at, node=self._node, state=state)


class KubeletRoster:
    """The kubelet is one, whether it is there or not: the source says that."""

    name = "kubelet"

    def __init__(self, source: Source) -> None:
        self._sources: Mapping[str, Source] = {self.name: source}

    def sources(self) -> Mapping[str, Source]:
        return self._sources


def make_roster(settings: KubeletSettings, names: DeviceNames | None = None) -> KubeletRoster:
    """`names` is what the NVIDIA driver calls its devices; without it MIG slices keep the kubelet's name for them."""
    node = settings.node_name
    machine = instance_id_of_firmware(settings.sysfs) or node  # as the neuron source names its devices
    return KubeletRoster(KubeletSource(node, machine, settings.kubelet_socket, names or NoNames()))
