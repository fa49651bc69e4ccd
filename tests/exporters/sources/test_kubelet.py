"""The source that says who holds what, with a real kubelet's socket before it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporters.kubelet.device_ids import NoNames
from exporters.metric import Sample
from exporters.simulation.kubelet import Holding, Kubelet, allocatable, listing
from exporters.source import Source, SourceAbsent, SourceFailed
from exporters.sources.kubelet import KubeletSource, make_roster
from exporters.sources.neuron.place import Place, instance_id_of_firmware

GPU = "nvidia.com/gpu"
AT = 1_794_268_800.0


@dataclass(frozen=True, slots=True)
class Settings:
    node_name: str
    kubelet_socket: Path
    sysfs: Path = Path("/nowhere")


class Driver:
    """Knows one slice."""

    def mig_of(self, uuid: str) -> tuple[str, str] | None:
        return ("GPU-a", "3") if uuid == "MIG-x" else None

    def gpu_of(self, minor: int) -> str | None:
        return f"GPU-{'ab'[minor]}"


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kubelet") as folder:  # a socket's path may not be long
        yield Path(folder) / "kubelet.sock"


@pytest.fixture
def kubelet(socket_path: Path) -> Iterator[Kubelet]:
    with Kubelet(socket_path) as server:
        yield server


@pytest.fixture
def source(socket_path: Path) -> Source:
    return KubeletSource("node-1", "node-1", socket_path, NoNames(), clock=lambda: AT)


def told(samples: list[Sample]) -> dict[str, float]:
    """Values by name and labels, as on a page."""
    return {
        f"{one.metric.name}{{{','.join(f'{name}={value}' for name, value in one.labels)}}}": one.value
        for one in samples
    }


def test_holders_and_numbers_of_devices_are_told(source: Source, kubelet: Kubelet) -> None:
    kubelet.offered = allocatable([(GPU, ["GPU-a", "GPU-b", "GPU-c"]), ("vpc.amazonaws.com/efa", ["rdmap0s6"])])
    kubelet.pods = listing(
        [
            Holding("ml", "llm-0", "vllm", GPU, ("GPU-a", "GPU-b")),
            Holding("ml", "llm-0", "vllm", "vpc.amazonaws.com/efa", ("rdmap0s6",)),
            Holding("web", "front", "nginx", "smarter-devices/fuse", ("fuse-1",)),
        ]
    )
    samples = list(source.read())
    holder = "container=vllm,mig=,namespace=ml,pod=llm-0"
    assert told(samples) == {
        f"accelerator_allocation{{{holder},uuid=GPU-a}}": 1.0,
        f"accelerator_allocation{{{holder},uuid=GPU-b}}": 1.0,
        "node_accelerators{node=node-1,state=allocatable}": 3.0,
        "node_accelerators{node=node-1,state=requested}": 2.0,
    }
    assert {one.at for one in samples} == {AT}
    assert {one.metric for one in samples} <= set(source.metrics)


def test_a_node_without_pods_answers_and_names_no_holder(source: Source, kubelet: Kubelet) -> None:
    kubelet.offered = allocatable([(GPU, ["GPU-a"])])
    assert told(list(source.read())) == {
        "node_accelerators{node=node-1,state=allocatable}": 1.0,
        "node_accelerators{node=node-1,state=requested}": 0.0,
    }


def test_a_mapping_that_fails_is_no_free_device(source: Source, kubelet: Kubelet) -> None:
    kubelet.offered = allocatable([(GPU, ["GPU-a"])])
    source.read()
    kubelet.stop()
    with pytest.raises(SourceFailed):
        source.read()
    kubelet.start()
    source.read()


def test_where_there_is_no_kubelet_the_source_is_absent(socket_path: Path) -> None:
    ((name, source),) = make_roster(Settings("node-1", socket_path)).sources().items()
    assert name == "kubelet"
    with pytest.raises(SourceAbsent):
        source.read()


def test_the_roster_has_one_source_that_stays(socket_path: Path) -> None:
    roster = make_roster(Settings("node-1", socket_path))
    assert roster.sources()["kubelet"] is roster.sources()["kubelet"]
    assert roster.name == "kubelet"


def test_slices_carry_the_names_of_the_driver(socket_path: Path, kubelet: Kubelet) -> None:
    kubelet.offered = allocatable([("nvidia.com/mig-1g.10gb", ["MIG-x"]), (GPU, ["nvidia1"])])
    kubelet.pods = listing([Holding("ml", "small", "main", "nvidia.com/mig-1g.10gb", ("MIG-x",))])
    source = make_roster(Settings("node-1", socket_path), Driver()).sources()["kubelet"]
    assert told(list(source.read())) == {
        "accelerator_allocation{container=main,mig=3,namespace=ml,pod=small,uuid=GPU-a}": 1.0,
        "node_accelerators{node=node-1,state=allocatable}": 2.0,
        "node_accelerators{node=node-1,state=requested}": 1.0,
    }


def test_slices_without_a_driver_keep_the_kubelets_name_and_are_not_counted(source: Source, kubelet: Kubelet) -> None:
    kubelet.offered = allocatable([("nvidia.com/mig-1g.10gb", ["MIG-x"])])
    kubelet.pods = listing([Holding("ml", "small", "main", "nvidia.com/mig-1g.10gb", ("MIG-x",))])
    assert told(list(source.read())) == {
        "accelerator_allocation{container=main,mig=,namespace=ml,pod=small,uuid=MIG-x}": 1.0,
    }


def test_neuron_devices_are_named_as_the_neuron_source_names_them(
    socket_path: Path, kubelet: Kubelet, tmp_path: Path
) -> None:
    tag = tmp_path / "devices/virtual/dmi/id/board_asset_tag"
    tag.parent.mkdir(parents=True)
    tag.write_text("i-0123456789abcdef0\n")
    kubelet.pods = listing([Holding("ml", "llm-0", "main", "aws.amazon.com/neuron", ("3",))])
    settings = Settings("node-1", socket_path, tmp_path)
    (sample, *_) = make_roster(settings).sources()["kubelet"].read()
    place = Place("node-1", instance_id_of_firmware(tmp_path))
    assert dict(sample.labels)["uuid"] == place.uuid(3) == "i-0123456789abcdef0/neuron3"


def test_each_reading_asks_once(source: Source, kubelet: Kubelet) -> None:
    source.read()
    source.read()
    assert kubelet.calls == {"List": 2, "GetAllocatableResources": 2}
