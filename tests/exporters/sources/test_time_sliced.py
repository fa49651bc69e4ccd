"""A node whose GPUs are time-sliced, as a whole page: one series per device, and a share of it per holder.

GPUYIELD_WRITE_GOLDEN=1 writes the golden page anew.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from exporters.metric import Sample
from exporters.simulation.kubelet import Holding, Kubelet, allocatable, listing
from exporters.simulation.nvml.cards import A10G
from exporters.simulation.nvml.work import steady
from exporters.sources.kubelet import KubeletSource
from tests.exporters.sources.neuron.conftest import check_golden
from tests.exporters.sources.nvidia.conftest import START, cards, rig_of

GPU = "nvidia.com/gpu"
REPLICAS = 4


def _node() -> list[Sample]:
    rig = rig_of(*cards(A10G, [steady(0.9, 0.5, 0.2, 0.6, used_mib=20_000)] * 2))
    rig.read_all()
    rig.clock.now = START + 10
    devices = list(rig.read().samples)
    uuids = sorted({dict(one.labels)["uuid"] for one in devices if one.metric.name == "accelerator_up"})
    with tempfile.TemporaryDirectory(prefix="kubelet") as folder, Kubelet(Path(folder) / "kubelet.sock") as kubelet:
        kubelet.offered = allocatable([(GPU, [f"{uuid}::{slot}" for uuid in uuids for slot in range(REPLICAS)])])
        kubelet.pods = listing(
            [
                Holding("ml", "notebook-a", "main", GPU, (f"{uuids[0]}::0",)),
                Holding("ml", "notebook-b", "main", GPU, (f"{uuids[0]}::1", f"{uuids[0]}::3")),
                Holding("ml", "notebook-c", "main", GPU, (f"{uuids[1]}::2",)),
            ]
        )
        source = KubeletSource("node-1", "node-1", Path(folder) / "kubelet.sock", rig.roster, clock=lambda: START + 10)
        return [*devices, *source.read()]


def test_golden_page_of_a_time_sliced_node() -> None:
    check_golden("nvidia-time-sliced", _node())


def test_devices_stay_single_and_shares_are_of_them() -> None:
    samples = _node()
    busy = [one for one in samples if one.metric.name == "accelerator_busy_ratio"]
    shares = [one.value for one in samples if one.metric.name == "accelerator_allocation"]
    assert len(busy) == 2
    assert sorted(shares) == [1 / REPLICAS, 1 / REPLICAS, 2 / REPLICAS]
