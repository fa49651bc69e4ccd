"""The page of our own agent on a simulated node: its real sources, read at simulated times without a thread.

The kubelet's answers are handed over as objects; on a wire they are in kubelet.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exporters.agent.reading import Reading, State
from exporters.agent.snapshot import Snapshot
from exporters.canonical import device, nodes
from exporters.kubelet.allocation import Allocations
from exporters.kubelet.client import Answer, Claim, Offer
from exporters.metric import Metric, Sample
from exporters.simulation.cards import CardPage
from exporters.simulation.hardware import machine_of
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Machine
from exporters.simulation.placement import holdings, offered_ids
from exporters.simulation.steps import Floats
from exporters.simulation.story import Node, Pod
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.source import Source, SourceAbsent, SourceFailed
from exporters.sources.nvidia import Nvidia

READING_SECONDS = 10.0


class _SetClock:
    """Stands where it was set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    monotonic = time


class _Kubelet:
    """Says what `exporters.sources.kubelet` says, without a socket."""

    metrics: tuple[Metric, ...] = (device.allocation, nodes.accelerators)

    def __init__(self, node: Node, pods: Sequence[Pod], names: Nvidia, clock: _SetClock) -> None:
        self._node, self._pods, self._clock = node, pods, clock
        self._allocations = Allocations(node.name, names)

    def read(self) -> Iterator[Sample]:
        at = self._clock.now
        found = self._allocations.of(_answer(self._node, self._pods, at))
        for one in found.shares:
            yield device.allocation.sample(
                one.share,
                at,
                uuid=one.place.uuid,
                mig=one.place.mig,
                namespace=one.namespace,
                pod=one.pod,
                container=one.container,
            )
        for state, number in (("allocatable", found.allocatable), ("requested", found.requested)):
            if number is not None:
                yield nodes.accelerators.sample(number, at, node=self._node.name, state=state)


def _answer(node: Node, pods: Sequence[Pod], at: float) -> Answer:
    offers = [Offer(resource, one) for resource, ids in offered_ids(node, at).items() for one in ids]
    claims = [
        Claim(held.namespace, held.pod, held.container, held.resource, one)
        for held in holdings(node, pods, at)
        for one in held.device_ids
    ]
    return Answer(tuple(offers), tuple(claims))


class _Agent:
    """From one start of the process to its end."""

    def __init__(self, node: Node, pods: Sequence[Pod], machine: Machine, started: float) -> None:
        self._clock = _SetClock(started)
        library = SimulatedNvml(machine, clock=self._clock.time, pause=lambda seconds: None)
        self._nvidia = Nvidia(lambda: library, node.name, 0.0, self._clock.time)  # nothing comes while time stands
        self._kubelet = _Kubelet(node, pods, self._nvidia, self._clock)
        self._snapshot = Snapshot(self._clock)
        self._page = PrometheusPage(self._snapshot)
        self._has_gpm = any(gpu.model.has_gpm for gpu in machine.gpus)
        self._read()

    def page(self, at: float) -> bytes:
        """What it shows after its reading at that time. Of the readings before, only the last leaves a trace there,
        and only where GPM compares the two."""
        for moment in (at - READING_SECONDS, at) if self._has_gpm else (at,):
            if moment > self._clock.now:
                self._clock.now = moment
                self._read()
        return self._page.answer().body

    def _read(self) -> None:
        try:
            found = self._nvidia.sources()
        except SourceFailed:
            found = {}
        for order, (name, source) in enumerate({**found, "kubelet": self._kubelet}.items()):
            self._snapshot.put(name, _reading(order, source, self._clock.now))


def _reading(order: int, source: Source, at: float) -> Reading:
    try:
        return Reading(order, State.UP, tuple(source.read()), at)
    except SourceAbsent:
        return Reading(order, State.ABSENT)
    except SourceFailed:
        return Reading(order, State.FAILED)


@dataclass(frozen=True, slots=True, eq=False)
class AgentPage:
    """The agent of one node, where `cards` would be its DCGM exporter. Build it with `agent_page`."""

    cards: CardPage
    pods: tuple[Pod, ...]
    machine: Machine
    starts: Floats
    phase: float  # how old its last reading is when it is scraped

    def answers(self, times: Floats) -> npt.NDArray[np.bool_]:
        return self.cards.answers(times)

    def texts(self, times: Floats) -> Iterator[bytes]:
        agent, running = None, -1
        epochs = np.searchsorted(self.starts, times, side="right") - 1
        for at, epoch in zip(times.tolist(), epochs.tolist(), strict=True):
            if agent is None or epoch != running:
                agent, running = _Agent(self.cards.node, self.pods, self.machine, float(self.starts[epoch])), epoch
            yield agent.page(at - self.phase)


def agent_page(cards: CardPage, pods: Sequence[Pod], seed: int) -> AgentPage:
    """It starts whenever the exporter of the card page does: with the node, after a reboot, after an outage."""
    node = cards.node
    outages = (*node.unready, *node.exporter_down)
    return AgentPage(
        cards=cards,
        pods=tuple(pods),
        machine=machine_of(cards),
        starts=np.array(sorted([node.allocatable, *(span.end for span in outages)])),
        phase=float(np.random.default_rng(seed).uniform(0, READING_SECONDS)),
    )
