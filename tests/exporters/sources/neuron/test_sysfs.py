"""The driver's files: read and never written, and unknown where the driver's clock stands still."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.metric import Sample
from exporters.source import SourceFailed
from exporters.sources.neuron.place import Place
from exporters.sources.neuron.sysfs import DEVICES, METRICS, SysfsDevice, device_numbers
from tests.exporters.sources.neuron.conftest import values, write_tree

PLACE = Place("node-1", "i-0123456789abcdef0")
UUID = "i-0123456789abcdef0/neuron0"
CORES = 2
KINDS = ("constants", "model_code", "runtime_memory", "tensors")


def core_files(model_code: int, micros: int, flops: int = 0) -> dict[str, str]:
    files = {
        "info/architecture/arch_type": "NCv2\n",
        "stats/status/success/total": "120\n",
        "stats/status/success/present": "1\n",
        "stats/status/timeout/total": "3\n",
        "stats/other_info/nc_time_in_use/total": f"{micros}\n",
        "stats/other_info/flop_count/total": f"{flops}\n",
        "stats/memory_usage/device_mem/total": "99\n",
    }
    for kind in KINDS:
        amount = model_code if kind in ("model_code", "tensors") else 0
        files[f"stats/memory_usage/device_mem/{kind}/total"] = f"{amount}\n"
        files[f"stats/memory_usage/device_mem/{kind}/present"] = "-4096\n"
        files[f"stats/memory_usage/device_mem/{kind}/peak"] = "8192\n"
    return files


def device_files(model_code: int = 0, micros: int = 0, flops: int = 0) -> dict[str, str]:
    """An Inferentia2 device, with what an inf2 instance shows."""
    files = {
        "core_count": "2\n",
        "reset": "",
        "info/serial_number": "0123456789abcdef\n",
        "info/architecture/arch_type": "NDv3\n",
        "info/architecture/device_name": "Inferentia2\n",
        "info/architecture/instance_type": "Inf2\n",
        "stats/hardware/mem_ecc_uncorrected": "0\n",
        "stats/hardware/mem_ecc_repairable_uncorrected": "2\n",
        "stats/hardware/sram_ecc_uncorrected": "0\n",
        "stats/power/utilization": "POWER_STATUS_VALID,1794268800,0.86,25.00,18.86\n",
    }
    for core in range(CORES):
        files |= {f"neuron_core{core}/{name}": text for name, text in core_files(model_code, micros, flops).items()}
    return files


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes files of device 0; gives the root of the tree."""

    def write(files: dict[str, str]) -> Path:
        write_tree(tmp_path / DEVICES / "neuron0", files)
        return tmp_path

    return write


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def read(device: SysfsDevice) -> list[Sample]:
    samples = list(device.read())
    assert {sample.metric for sample in samples} <= set(METRICS)
    return samples


def test_an_idle_device_is_zeros(tree: Callable[..., Path]) -> None:
    samples = read(SysfsDevice(tree(device_files()), 0, PLACE))
    assert values(samples, "accelerator_busy_ratio") == {(UUID,): 0.0}
    assert values(samples, "neuron_core_busy_ratio") == {("0", UUID): 0.0, ("1", UUID): 0.0}
    assert values(samples, "accelerator_memory_used_bytes") == {(UUID,): 0.0}
    assert values(samples, "accelerator_up") == {(UUID,): 1.0}
    assert values(samples, "accelerator_info") == {("0", "Inferentia2", "node-1", UUID): 1.0}
    assert values(samples, "neuron_core_flops_total") == {}


def test_a_loaded_device_whose_clock_stands_still_is_unknown(tree: Callable[..., Path]) -> None:
    samples = read(SysfsDevice(tree(device_files(model_code=500)), 0, PLACE))
    assert values(samples, "accelerator_busy_ratio") == {}
    assert values(samples, "neuron_core_busy_ratio") == {}
    assert values(samples, "accelerator_memory_used_bytes") == {(UUID,): 4 * 500.0}
    assert values(samples, "neuron_core_memory_used_bytes")["1", "tensors", UUID] == 500


def test_busy_is_the_driver_clock_against_ours(tree: Callable[..., Path]) -> None:
    clock = Clock()
    device = SysfsDevice(tree(device_files(500, micros=1_000_000)), 0, PLACE, clock)
    assert values(read(device), "accelerator_busy_ratio") == {}  # one reading shows no rise
    clock.now += 10
    tree({"neuron_core0/stats/other_info/nc_time_in_use/total": "6000000\n"})
    samples = read(device)
    assert values(samples, "neuron_core_busy_ratio") == {("0", UUID): 0.5, ("1", UUID): 0.0}
    assert values(samples, "accelerator_busy_ratio") == {(UUID,): 0.25}


def test_a_clock_that_begins_anew_is_unknown_once(tree: Callable[..., Path]) -> None:
    clock = Clock()
    device = SysfsDevice(tree(device_files(500, micros=9_000_000)), 0, PLACE, clock)
    read(device)
    clock.now += 10
    tree(device_files(500, micros=1_000_000))
    assert values(read(device), "neuron_core_busy_ratio") == {}
    clock.now += 10
    assert set(values(read(device), "neuron_core_busy_ratio").values()) == {0.0}


def test_counters_are_the_drivers(tree: Callable[..., Path]) -> None:
    samples = read(SysfsDevice(tree(device_files(flops=7)), 0, PLACE))
    assert values(samples, "neuron_core_executions_total")["1", "timeout", UUID] == 3
    assert values(samples, "neuron_core_flops_total")["0", UUID] == 7
    assert values(samples, "neuron_ecc_events_total")["mem_ecc_repairable_uncorrected", UUID] == 2
    assert values(samples, "accelerator_ecc_errors_total") == {("uncorrected", UUID): 0.0}
    assert values(samples, "accelerator_healthy") == {(UUID,): 1.0}


def test_an_uncorrected_error_makes_it_unhealthy(tree: Callable[..., Path]) -> None:
    tree(device_files())
    samples = read(SysfsDevice(tree({"stats/hardware/sram_ecc_uncorrected": "1\n"}), 0, PLACE))
    assert values(samples, "accelerator_healthy") == {(UUID,): 0.0}


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("POWER_STATUS_VALID,1,0.86,25.00,18.86", [pytest.approx(0.1886)]),
        ("POWER_STATUS_NO_DATA,1,0,0,0", []),
        ("POWER_STATUS_INVALID,1,0,0,0", []),
        ("POWER_STATUS_VALID,1,0,0,nan", []),
        ("POWER_STATUS_VALID", []),
        ("", []),
    ],
)
def test_power_is_a_share_where_the_driver_vouches_for_it(
    tree: Callable[..., Path], text: str, share: list[float]
) -> None:
    tree(device_files())
    samples = read(SysfsDevice(tree({"stats/power/utilization": text}), 0, PLACE))
    assert list(values(samples, "neuron_power_share_ratio").values()) == share


def test_files_that_cannot_be_read_cost_only_themselves(tree: Callable[..., Path]) -> None:
    root = tree(device_files())
    folder = root / DEVICES / "neuron0"
    (folder / "stats/hardware/mem_ecc_uncorrected").write_text("garbage")
    (folder / "neuron_core1/stats/status/success/total").unlink()
    (folder / "neuron_core0/stats/memory_usage/device_mem/tensors/total").write_bytes(b"\xff")
    samples = read(SysfsDevice(root, 0, PLACE))
    assert values(samples, "neuron_core_executions_total")["0", "success", UUID] == 120
    assert ("1", "success", UUID) not in values(samples, "neuron_core_executions_total")
    assert values(samples, "accelerator_ecc_errors_total") == {("uncorrected", UUID): 0.0}


def test_a_device_that_vanished_fails(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="neuron_core"):
        SysfsDevice(tmp_path, 0, PLACE).read()


def test_nothing_is_opened_for_writing(tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = os.open

    def watched(path: Path, flags: int) -> int:
        opened.append(flags)
        return real(path, flags)

    monkeypatch.setattr(os, "open", watched)
    read(SysfsDevice(tree(device_files()), 0, PLACE))
    assert len(opened) > 20
    assert not any(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC) for flags in opened)


def test_devices_are_found_by_their_number(tmp_path: Path) -> None:
    for name in ("neuron10", "neuron2", "neuron_cluster", "neuronx", "power"):
        (tmp_path / DEVICES / name).mkdir(parents=True)
    assert device_numbers(tmp_path) == [2, 10]
    assert device_numbers(tmp_path / "none") == []
