"""Faults (Xid): counted each time they come, dated, and what they say of the health of a device."""

from __future__ import annotations

from typing import Any

import pytest

from exporters.canonical import device
from exporters.simulation.nvml.cards import A10G, H100
from exporters.simulation.nvml.machine import Gpu, Xid
from exporters.simulation.steps import FOREVER, Span, Steps
from exporters.source import SourceAbsent, SourceFailed
from tests.exporters.sources.nvidia.conftest import START, Rig, rig_of

WITHOUT_VERDICT = frozenset({230})  # drivers before the field of the recovery action


def with_faults(*faults: Xid, **changes: Any) -> Rig:
    fields = changes.pop("missing_fields", WITHOUT_VERDICT)
    rig = rig_of(Gpu("GPU-0", H100, faults=faults), Gpu("GPU-1", H100), missing_fields=fields, **changes)
    rig.read_all()
    return rig


def test_the_same_number_twice_is_two_and_a_number_that_never_came_is_absent() -> None:
    rig = with_faults(Xid(START + 1, 31), Xid(START + 2, 31), Xid(START + 30, 31), Xid(START + 2, 13))
    assert rig.later(5).read_all().of(device.faults_total) == {("31", "", "GPU-0"): 2, ("13", "", "GPU-0"): 1}
    later = rig.later(60).read_all()
    assert later.of(device.faults_total) == {("31", "", "GPU-0"): 3, ("13", "", "GPU-0"): 1}
    assert later.of(device.faults_total, code="79") == {}


def test_a_fault_is_dated_when_it_comes_though_the_reading_began_before() -> None:
    rig = with_faults(Xid(START + 3.2, 31))
    found = rig.read_all()  # waits for eight seconds
    at = found.value(device.last_fault_seconds, code="31")
    assert at == pytest.approx(START + 3.2, abs=0.1)


def test_faults_from_before_the_exporter_are_not_counted() -> None:
    assert with_faults(Xid(START - 60, 79)).later().read_all().of(device.faults_total) == {}


def test_a_fatal_fault_takes_the_device_out_of_service_and_a_harmless_one_does_not() -> None:
    rig = with_faults(Xid(START + 1, 31), Xid(START + 100, 48))
    assert rig.later().read_all().of(device.healthy) == {("GPU-0",): 1, ("GPU-1",): 1}
    assert rig.later(100).read_all().of(device.healthy) == {("GPU-0",): 0, ("GPU-1",): 1}
    assert rig.later(6 * 3600).read_all().of(device.healthy) == {("GPU-0",): 0, ("GPU-1",): 1}


def test_a_reset_ends_it_and_the_counts_stay() -> None:
    rig = with_faults(Xid(START + 1, 48), reloads=(START + 100,))
    assert rig.later().read_all().value(device.healthy, uuid="GPU-0") == 0
    with pytest.raises(SourceFailed):
        rig.later(100).read_all()
    found = rig.later().read_all()
    assert found.value(device.healthy, uuid="GPU-0") == 1
    assert found.of(device.faults_total) == {("48", "", "GPU-0"): 1}


def test_the_driver_s_own_verdict_outranks_the_list() -> None:
    reset_needed = Steps.spans([(START + 200, START + 300, 1.0)])
    gpu = Gpu("GPU-0", H100, faults=(Xid(START + 1, 48),), recovery_action=reset_needed)
    rig = rig_of(gpu)
    rig.read_all()
    rig.later(5).read(lambda name: name.endswith("xid"))
    assert rig.read(lambda name: name == "nvidia").value(device.healthy) == 0  # the verdict is older than the fault
    assert rig.later().read_all().value(device.healthy) == 1
    assert rig.later(200).read_all().value(device.healthy) == 0
    assert rig.later(200).read_all().value(device.healthy) == 1


def test_a_lost_device_does_not_silence_the_others() -> None:
    lost = Gpu("GPU-0", H100, lost=(Span(START + 5, FOREVER),), faults=(Xid(START + 4, 79),))
    rig = rig_of(lost, Gpu("GPU-1", H100, faults=(Xid(START + 50, 31),)))
    rig.read_all()
    assert rig.later().read_all().of(device.faults_total) == {("79", "", "GPU-0"): 1}
    assert rig.later(60).read_all().of(device.faults_total) == {("79", "", "GPU-0"): 1, ("31", "", "GPU-1"): 1}


def test_where_no_device_reports_faults_the_source_is_absent() -> None:
    rig = rig_of(Gpu("GPU-0", A10G), missing=frozenset({"nvmlDeviceRegisterEvents"}))
    found = rig.read_all()
    assert isinstance(found.errors["nvidia/xid"], SourceAbsent)
    assert found.value(device.accelerator_up) == 1


def test_where_faults_may_not_be_awaited_the_source_fails() -> None:
    found = rig_of(Gpu("GPU-0", A10G), forbidden=frozenset({"nvmlDeviceRegisterEvents"})).read_all()
    assert isinstance(found.errors["nvidia/xid"], SourceFailed)
