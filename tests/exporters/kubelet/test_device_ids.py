"""Every form of id that a device plugin hands out."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.kubelet.device_ids import DeviceIds, NoNames, Place

A100 = "GPU-5ff0b7a2-1f7c-4d1e-9b52-2f0f8d5c1a11"
SLICE = "MIG-9d6c1f0e-7c1b-5f0e-8a3d-1c2b3a4d5e6f"
GPU = "nvidia.com/gpu"
CORE, NEURON = "aws.amazon.com/neuroncore", "aws.amazon.com/neuron"


class Driver:
    """A node with one A100 at /dev/nvidia0 and one slice on it."""

    def mig_of(self, uuid: str) -> tuple[str, str] | None:
        return (A100, "7") if uuid == SLICE else None

    def gpu_of(self, minor: int) -> str | None:
        return A100 if minor == 0 else None


IDS = DeviceIds("node-1", Driver(), cores_per_device=4)
BLIND = DeviceIds("node-1", NoNames(), cores_per_device=None)


@pytest.mark.parametrize(
    ("resource", "device_id", "place"),
    [
        (GPU, A100, Place(A100)),
        (GPU, f"{A100}::3", Place(A100)),
        ("nvidia.com/gpu.shared", f"{A100}::0", Place(A100)),
        ("nvidia.com/a100", A100, Place(A100)),
        ("nvidia.com/mig-1g.10gb", SLICE, Place(A100, "7")),
        (GPU, SLICE, Place(A100, "7")),
        ("nvidia.com/mig-1g.10gb.shared", f"{SLICE}::1", Place(A100, "7")),
        (GPU, f"MIG-{A100}/7/0", Place(A100, "7")),
        (GPU, f"MIG-{A100}/7/0::2", Place(A100, "7")),
        (GPU, "nvidia0", Place(A100)),
        (GPU, "nvidia0/gi1", Place(A100, "1")),
        (GPU, "nvidia0/vgpu1", Place(A100)),
        (GPU, "nvidia0/gi1/vgpu0", Place(A100, "1")),
        (NEURON, "3", Place("node-1/neuron3")),
        ("aws.amazon.com/neurondevice", "15", Place("node-1/neuron15")),
        (CORE, "7", Place("node-1/neuron1")),
        (CORE, "8", Place("node-1/neuron2")),
    ],
)
def test_an_id_names_its_device_and_slice(resource: str, device_id: str, place: Place) -> None:
    assert IDS.place(resource, device_id) == place


@pytest.mark.parametrize(
    ("resource", "device_id"),
    [
        ("vpc.amazonaws.com/efa", "rdmap0s6"),
        ("nvidia.com/GA102GL_A10", "0000:00:1e.0"),  # handed to a virtual machine
        ("nvidia.com/hostdev", "0000:0c:00.0"),
        ("smarter-devices/fuse", "fuse-3"),
        ("hugepages-2Mi", "0"),
    ],
)
def test_what_is_no_accelerator_is_left_out(resource: str, device_id: str) -> None:
    assert IDS.place(resource, device_id) is None


@pytest.mark.parametrize(
    ("resource", "device_id", "name"),
    [
        ("nvidia.com/mig-1g.10gb", SLICE, SLICE),
        ("nvidia.com/mig-1g.10gb", f"{SLICE}::1", SLICE),
        (GPU, "nvidia0/gi1", "node-1/nvidia0/gi1"),
        (GPU, "something-new", "node-1/something-new"),
        (CORE, "7", "node-1/neuroncore7"),
        (NEURON, "a", "node-1/a"),
    ],
)
def test_a_device_that_nobody_can_name_is_still_held_by_somebody(resource: str, device_id: str, name: str) -> None:
    assert BLIND.place(resource, device_id) == Place(name, is_known=False)


gpus = st.uuids().map(lambda uuid: f"GPU-{uuid}")


@given(gpus, st.integers(0, 99), st.integers(0, 14), st.integers(0, 7))
def test_every_form_of_an_id_of_a_gpu_leads_to_its_uuid(gpu: str, slot: int, gi: int, ci: int) -> None:
    assert BLIND.place(GPU, gpu) == BLIND.place(GPU, f"{gpu}::{slot}") == Place(gpu)
    old = f"MIG-{gpu}/{gi}/{ci}"
    assert BLIND.place(GPU, old) == BLIND.place(GPU, f"{old}::{slot}") == Place(gpu, str(gi))


@given(st.uuids(), st.integers(0, 99))
def test_the_replicas_of_a_slice_are_at_one_place(uuid: UUID, slot: int) -> None:
    assert BLIND.place(GPU, f"MIG-{uuid}::{slot}") == BLIND.place(GPU, f"MIG-{uuid}")


@given(st.sampled_from([GPU, "nvidia.com/mig-1g.10gb", NEURON, CORE]), st.text())
def test_no_id_of_an_accelerator_is_lost(resource: str, device_id: str) -> None:
    for ids in (IDS, BLIND):
        place = ids.place(resource, device_id)
        assert place is not None
        assert place.uuid


@given(st.text(), st.text())
def test_any_other_resource_is_read_without_a_fault(resource: str, device_id: str) -> None:
    place = IDS.place(resource, device_id)
    assert place is None or resource.startswith(("nvidia.com/", "aws.amazon.com/neuron"))
