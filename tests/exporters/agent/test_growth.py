"""What came and went takes no memory: an agent runs for months on a node whose pods live for minutes."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.agent.reading import Reading, State
from exporters.agent.snapshot import Snapshot
from exporters.kubelet.device_ids import NoNames
from exporters.metric import Sample
from exporters.simulation.kubelet import Holding, Kubelet, allocatable, listing
from exporters.simulation.nvml.cards import H100
from exporters.simulation.nvml.machine import Xid
from exporters.simulation.nvml.work import steady
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.sources.kubelet import KubeletSource
from tests.exporters.sources.nvidia.conftest import START, cards, rig_of

ACCEPTS = ("text/plain", "application/openmetrics-text;version=1.0.0")
PODS = 30
ROUNDS = 40
NOISE_BYTES = 200_000  # a page may be held or not; all pods that ever were would be more than 1 MB


def growth_bytes(step: Callable[[int], None]) -> int:
    """Of what Python holds, from the end of the first rounds to the end of as many more."""
    tracemalloc.start()
    try:
        held = []
        for part in range(2):
            for number in range(ROUNDS):
                step(part * ROUNDS + number)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        return held[1] - held[0]
    finally:
        tracemalloc.stop()


class Shown:
    """A snapshot and its page, both forms of which are asked for after each change."""

    def __init__(self) -> None:
        self._snapshot = Snapshot(time)
        self._page = PrometheusPage(self._snapshot)

    def put(self, source: str, samples: list[Sample]) -> None:
        self._snapshot.put(source, Reading(0, State.UP, tuple(samples), 0.0, 0.0))
        for accept in ACCEPTS:
            assert self._page.answer(accept, "gzip").body


@pytest.fixture
def kubelet(tmp_path: Path) -> Kubelet:
    return Kubelet(tmp_path / "kubelet.sock")


def test_pods_that_are_gone_are_forgotten(kubelet: Kubelet, tmp_path: Path) -> None:
    devices = [f"GPU-{number}" for number in range(PODS)]
    kubelet.offered = allocatable([("nvidia.com/gpu", devices)])
    shown = Shown()
    source = KubeletSource("node-1", "node-1", tmp_path / "kubelet.sock", NoNames())

    def replace_all_pods(turn: int) -> None:
        kubelet.pods = listing(
            Holding("ml", f"job-{turn}-{uuid}", "main", "nvidia.com/gpu", (uuid,)) for uuid in devices
        )
        samples = source.read()
        assert sum(f"job-{turn}-" in str(one.labels) for one in samples) == PODS
        shown.put("kubelet", samples)

    with kubelet:
        assert growth_bytes(replace_all_pods) < NOISE_BYTES


def test_readings_and_faults_leave_nothing_behind() -> None:
    faults = tuple(Xid(START + 10 * number, (31, 43, 94)[number % 3]) for number in range(1, 3 * ROUNDS))
    rig = rig_of(*cards(H100, [steady(0.5, 0.4, 0.3, 0.2, 40_000)] * 2, faults=faults))
    shown = Shown()

    def read(_: int) -> None:
        found = rig.later().read_all()
        assert not found.errors
        shown.put("nvidia", found.samples)

    assert growth_bytes(read) < NOISE_BYTES
    assert rig.nvml.samples_lent <= 4, "two for each card"


def test_nothing_waits_for_the_garbage_collector() -> None:
    """Which comes so seldom in an agent that what it would free is megabytes by then."""
    rig = rig_of(*cards(H100, [steady(0.5, 0.4, 0.3, 0.2, 40_000)] * 2))
    rig.later().read_all()
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            rig.later().read_all()
        assert gc.collect() < ROUNDS, "less than one object for each round"
    finally:
        gc.enable()
