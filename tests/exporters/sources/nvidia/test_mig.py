"""MIG: each instance is told of by its own number; what only the whole device has is told once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporters.canonical import device
from exporters.simulation.nvml.cards import A100, H100, Model
from exporters.simulation.nvml.machine import Gpu, Machine, Slice, Xid
from exporters.simulation.nvml.work import steady
from tests.exporters.sources.nvidia.conftest import BOOTED, START, Rig, rig_of

BIG = Slice("MIG-big", 1, "3g.20gb", 3, 19968, steady(0.8, 0.7, 0.4, 0.3, used_mib=9000, processes=1))
SMALL = Slice("MIG-small", 9, "1g.5gb", 1, 4864, steady(0.2, 0.1, 0.1, 0.1, used_mib=500, processes=2))


def mixed(model: Model = A100) -> Rig:
    return rig_of(
        Gpu("GPU-0", model, steady(0.5, 0.4, 0.3, 0.2, used_mib=0), slices=(BIG, SMALL), has_mig=True),
        Gpu("GPU-1", model, steady(1.0, 0.9, 0.8, 0.7, used_mib=30_000)),
    )


def test_instances_take_the_place_of_their_device() -> None:
    found = mixed().read()
    infos = {
        (dict(one.labels)["uuid"], dict(one.labels)["mig"]): dict(one.labels)["mig_profile"]
        for one in found.samples
        if one.metric is device.accelerator_info
    }
    assert infos == {("GPU-0", "1"): "3g.20gb", ("GPU-0", "9"): "1g.5gb", ("GPU-1", ""): ""}
    assert found.value(device.memory_used_bytes, mig="1") == 9000 * 1_048_576
    assert found.value(device.memory_total_bytes, mig="9") == 4864 * 1_048_576
    assert found.value(device.processes, mig="9") == 2
    assert found.of(device.memory_used_bytes, uuid="GPU-0", mig="") == {}


def test_power_is_told_once_per_device_and_utilization_not_at_all() -> None:
    found = mixed().read()
    assert set(found.of(device.power_watts)) == {("", "GPU-0"), ("", "GPU-1")}
    assert set(found.of(device.busy_ratio)) == {("", "GPU-1")}


def test_gpm_tells_how_busy_each_instance_is() -> None:
    rig = mixed(H100)
    rig.read()
    found = rig.later().read()
    assert found.of(device.busy_ratio, uuid="GPU-0") == pytest.approx({("1",): 0.8, ("9",): 0.2})
    assert found.of(device.sm_active_ratio, uuid="GPU-0") == pytest.approx({("1",): 0.7, ("9",): 0.1})
    assert found.of(device.compute_active_ratio) == pytest.approx(
        {("1", "GPU-0"): 0.4, ("9", "GPU-0"): 0.1, ("", "GPU-1"): 0.8}
    )


def test_instances_that_come_and_go_are_followed() -> None:
    rig = mixed(H100)
    rig.read()
    first, second = rig.nvml.machine.gpus
    rig.nvml.machine = Machine((replace(first, slices=(SMALL,)), second), BOOTED)
    found = rig.later().read()
    assert set(found.of(device.accelerator_info, uuid="GPU-0", mig_profile="1g.5gb")) != set()
    assert set(found.of(device.memory_used_bytes)) == {("9", "GPU-0"), ("", "GPU-1")}
    assert rig.roster.mig_of("MIG-big") is None
    rig.nvml.machine = Machine((replace(first, slices=(), has_mig=False), second), BOOTED)
    found = rig.later().read()
    assert found.value(device.busy_ratio, uuid="GPU-0", mig="") == 0.5
    assert rig.later().read().value(device.sm_active_ratio, uuid="GPU-0", mig="") == pytest.approx(0.4)
    assert rig.nvml.samples_lent == 4


def test_the_names_that_the_kubelet_uses_lead_to_the_device() -> None:
    rig = mixed()
    rig.read()
    assert rig.roster.mig_of("MIG-small") == ("GPU-0", "9")
    assert rig.roster.mig_of("MIG-unknown") is None
    assert rig.roster.gpu_of(1) == "GPU-1"
    assert rig.roster.gpu_of(7) is None


def test_a_driver_that_names_no_profile_still_has_parts() -> None:
    """The name tells eighths of the memory that is for sale: 40 GiB cut to 39.6 of which an instance has 19.5."""
    unnamed = (replace(BIG, profile=""), replace(SMALL, profile=""))
    found = rig_of(Gpu("GPU-0", A100, slices=unnamed, has_mig=True)).read()
    profiles = {dict(one.labels)["mig_profile"] for one in found.samples if one.metric is device.accelerator_info}
    assert profiles == {"3g.20gb", "1g.5gb"}


def test_compute_instances_of_one_gpu_instance_are_one() -> None:
    parts = (replace(BIG, profile="1c.3g.20gb"), replace(BIG, uuid="MIG-other", profile="1c.3g.20gb"))
    rig = rig_of(Gpu("GPU-0", A100, slices=parts, has_mig=True))
    found = rig.read()
    assert found.value(device.processes, uuid="GPU-0", mig="1") == 2
    assert found.value(device.accelerator_info, mig_profile="3g.20gb") == 1
    assert rig.roster.mig_of("MIG-other") == ("GPU-0", "1")


def test_a_fault_names_the_instance_that_it_hit() -> None:
    rig = rig_of(Gpu("GPU-0", A100, slices=(BIG, SMALL), has_mig=True, faults=(Xid(START + 5, 94, 9),)))
    rig.read_all()
    found = rig.later().read_all()
    assert found.of(device.faults_total) == {("94", "9", "GPU-0"): 1}


def test_a_device_that_does_not_tell_its_mode_once_keeps_its_instances() -> None:
    rig = mixed(H100)
    rig.read()
    rig.nvml.machine = replace(rig.nvml.machine, forbidden=frozenset({"nvmlDeviceGetMigMode"}))
    found = rig.later().read()
    assert found.of(device.busy_ratio, uuid="GPU-0") == pytest.approx({("1",): 0.8, ("9",): 0.2})
    assert rig.nvml.samples_lent == 6
