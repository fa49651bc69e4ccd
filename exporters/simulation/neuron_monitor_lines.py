"""Lines as neuron-monitor prints them, for machines and processes that are made up and agree with themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_GIB = 1 << 30
Json = dict[str, Any]
Activity = Callable[[int, float], float]  # of a device at an instant: the share of time in which its cores execute


@dataclass(frozen=True, slots=True)
class Chip:
    """One kind of device, as neuron-monitor names it."""

    device_type: str
    core_version: str
    physical_cores: int
    memory_bytes: int
    peak_flops: float  # dense BF16, per device


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance: its devices, and how many physical cores make a logical one."""

    instance_type: str
    chip: Chip
    devices: int
    joined: int = 1
    instance_id: str = "i-0123456789abcdef0"

    @property
    def cores_per_device(self) -> int:
        return self.chip.physical_cores // self.joined


@dataclass(frozen=True, slots=True)
class Process:
    """A program that holds whole devices, and how busy it keeps each of them."""

    tag: str
    devices: Sequence[int]
    activity: Activity
    pid: int = 4242
    memory_ratio: float = 0.6  # of each device


_INFERENTIA2 = Chip("inferentia2", "v2", 2, 32 * _GIB, 190e12)
_TRAINIUM1 = Chip("trainium", "v2", 2, 32 * _GIB, 190e12)
_TRAINIUM2 = Chip("trainium2", "v3", 8, 96 * _GIB, 667e12)
_TYPES: Mapping[str, tuple[Chip, int, int]] = MappingProxyType(
    {
        "inf2.xlarge": (_INFERENTIA2, 1, 1),
        "inf2.48xlarge": (_INFERENTIA2, 12, 1),
        "trn1.32xlarge": (_TRAINIUM1, 16, 1),
        "trn2.48xlarge": (_TRAINIUM2, 16, 2),
    }
)
INSTANCE_TYPES = tuple(_TYPES)

_MEMORY_SHARES = MappingProxyType(
    {"constants": 0.02, "model_code": 0.05, "model_shared_scratchpad": 0.1, "runtime_memory": 0.03, "tensors": 0.8}
)
_HOST_BYTES = MappingProxyType(
    {"application_memory": 6 * _GIB, "constants": _GIB // 4, "dma_buffers": _GIB // 2, "tensors": _GIB}
)
_EXECUTION_SECONDS = 0.02
_PERCENTILES = MappingProxyType({"p0": 0.8, "p1": 0.85, "p25": 0.95, "p50": 1.0, "p75": 1.1, "p99": 1.6, "p100": 2.5})
_EFFICIENCY = 0.4  # of the peak while a core executes
_ERRORS = ("generic", "numerical", "transient", "model", "runtime", "hardware")
_STATUSES = ("completed_with_err", "completed_with_num_err", "timed_out", "incorrect_input", "failed_to_queue")


def machine_of(instance_type: str, joined: int | None = None) -> Machine:
    """The machine of an instance type; cores are joined as its default says, unless told otherwise."""
    chip, devices, usual = _TYPES[instance_type]
    return Machine(instance_type, chip, devices, joined or usual)


@dataclass(slots=True)
class EccTotals:
    """ECC errors of the machine since its driver was loaded, by device and counter."""

    counts: dict[tuple[int, str], int] = field(default_factory=dict)

    def of(self, device: int) -> Json:
        events = ("mem_ecc_corrected", "mem_ecc_uncorrected", "sram_ecc_corrected", "sram_ecc_uncorrected")
        return {"neuron_device_index": device, **{event: self.counts.get((device, event), 0) for event in events}}


def document(
    machine: Machine, processes: Sequence[Process], at: float, period: float, ecc: EccTotals | None = None
) -> Json:
    """One line as a JSON object: what happened in the `period` seconds before `at`."""
    errors = ecc or EccTotals()
    return {
        "neuron_runtime_data": [_runtime(machine, process, at - period / 2, period) for process in processes],
        "system_data": {
            "neuron_hw_counters": {
                "period": period,
                "neuron_devices": [errors.of(device) for device in range(machine.devices)],
                "error": "",
            }
        },
        "instance_info": {
            "instance_name": "",
            "instance_id": machine.instance_id,
            "instance_type": machine.instance_type,
            "instance_availability_zone": "us-east-1a",
            "instance_availability_zone_id": "use1-az1",
            "instance_region": "us-east-1",
            "ami_id": "ami-0123456789abcdef0",
            "subnet_id": "subnet-0123456789abcdef0",
            "error": "",
        },
        "neuron_hardware_info": {
            "neuron_device_type": machine.chip.device_type,
            "neuroncore_version": machine.chip.core_version + ("d" if machine.joined > 1 else ""),
            "neuron_device_count": machine.devices,
            "neuron_device_memory_size": machine.chip.memory_bytes,
            "neuroncore_per_device_count": machine.cores_per_device,
            "logical_neuroncore_config": machine.joined,
            "error": "",
        },
    }


def _runtime(machine: Machine, process: Process, middle: float, period: float) -> Json:
    busy = {device: process.activity(device, middle) for device in process.devices}
    completed = round(sum(busy.values()) * machine.cores_per_device * period / _EXECUTION_SECONDS)
    return {
        "pid": process.pid,
        "neuron_runtime_tag": process.tag,
        "error": "",
        "report": {
            "neuroncore_counters": {"period": period, "neuroncores_in_use": _cores(machine, busy), "error": ""},
            "execution_stats": {
                "period": period,
                "error_summary": dict.fromkeys(_ERRORS, 0),
                "execution_summary": {"completed": completed, **dict.fromkeys(_STATUSES, 0)},
                "latency_stats": {
                    "total_latency": _latency(_EXECUTION_SECONDS * 1.1) if completed else None,
                    "device_latency": _latency(_EXECUTION_SECONDS) if completed else None,
                },
                "error": "",
            },
            "memory_used": {"period": period, "neuron_runtime_used_bytes": _memory(machine, process), "error": ""},
            "neuron_runtime_vcpu_usage": {"period": period, "vcpu_usage": {"user": 3.5, "system": 0.5}, "error": ""},
        },
    }


def _cores(machine: Machine, busy: Mapping[int, float]) -> Json:
    found = {}
    for device, share in busy.items():
        flops = share * _EFFICIENCY * machine.chip.peak_flops / machine.cores_per_device
        for core in range(device * machine.cores_per_device, (device + 1) * machine.cores_per_device):
            found[str(core)] = {"neuroncore_utilization": share * 100, "flops": flops, **_halves(machine, core, share)}
    return found


def _halves(machine: Machine, core: int, share: float) -> Json:
    """The physical cores of a logical one: their mean is its share."""
    if machine.joined == 1:
        return {}
    apart = min(share, 1 - share) / 10
    first = core * machine.joined
    shares = {first: share - apart, first + 1: share + apart}
    return {"v3d": {f"nc_v3.{half}": {"neuroncore_utilization": of_it * 100} for half, of_it in shares.items()}}


def _latency(median: float) -> Json:
    return {percentile: median * factor for percentile, factor in _PERCENTILES.items()}


def _memory(machine: Machine, process: Process) -> Json:
    of_core = machine.chip.memory_bytes * process.memory_ratio / machine.cores_per_device
    kinds = {kind: int(of_core * share) for kind, share in _MEMORY_SHARES.items()}
    cores = [
        device * machine.cores_per_device + core
        for device in process.devices
        for core in range(machine.cores_per_device)
    ]
    return {
        "host": sum(_HOST_BYTES.values()),
        "neuron_device": sum(kinds.values()) * len(cores),
        "usage_breakdown": {
            "host": dict(_HOST_BYTES),
            "neuroncore_memory_usage": {str(core): dict(kinds) for core in cores},
        },
        "loaded_models": [],
    }
