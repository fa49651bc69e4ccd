"""What one line of neuron-monitor says. Every group may be missing, and one that is not understood costs only itself.

Keys are as the program prints them; a group that reports an error counts as missing.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

G = TypeVar("G", bound="Group")
T = TypeVar("T")

# Too deep a nesting is told apart by the decoder, and is as unreadable as the rest.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MOST = 1024  # devices or cores: more is nonsense, and would be looped over
_LONGEST_NUMBER = 6


class Group(Struct):
    """A part of a line that stands or falls alone. `period` is the time it really covers, in seconds."""

    error: str | None = None
    period: float = 0.0


class PhysicalCore(Struct):
    neuroncore_utilization: float | None = None


class Core(Struct):
    """A logical core that a process holds: percent, and operations per second (the newest releases say effective)."""

    neuroncore_utilization: float | None = None
    flops: float | None = None
    effective_flops: float | None = None
    v3d: dict[str, PhysicalCore] | None = None


class Cores(Group):
    neuroncores_in_use: dict[str, Core] | None = None


class LatencyStats(Struct):
    total_latency: dict[str, float | None] | None = None
    device_latency: dict[str, float | None] | None = None


class Execution(Group):
    """Counts of the period, not totals."""

    error_summary: dict[str, float] | None = None
    execution_summary: dict[str, float] | None = None
    latency_stats: LatencyStats | None = None


class MemoryBreakdown(Struct):
    host: dict[str, float] | None = None
    neuroncore_memory_usage: dict[str, dict[str, float]] | None = None


class UsedBytes(Struct):
    host: float | None = None
    neuron_device: float | None = None
    usage_breakdown: MemoryBreakdown | None = None


class Memory(Group):
    neuron_runtime_used_bytes: UsedBytes | None = None


class RuntimeCpu(Group):
    """Percent of all CPUs, by mode."""

    vcpu_usage: dict[str, float] | None = None


class EccDevice(Struct):
    neuron_device_index: int
    mem_ecc_corrected: int | None = None
    mem_ecc_uncorrected: int | None = None
    sram_ecc_corrected: int | None = None
    sram_ecc_uncorrected: int | None = None


class HardwareCounters(Group):
    neuron_devices: list[EccDevice] | None = None


class Instance(Group):
    instance_id: str | None = None
    instance_type: str | None = None
    instance_availability_zone: str | None = None
    instance_region: str | None = None


class Hardware(Group):
    neuron_device_type: str | None = None
    neuroncore_version: str | None = None
    neuron_device_count: Annotated[int, Meta(ge=0, le=_MOST)] = 0
    neuron_device_memory_size: float | None = None
    neuroncore_per_device_count: Annotated[int, Meta(ge=0, le=_MOST)] = 0
    logical_neuroncore_config: int | str | None = None


class Holder(Struct):
    pod_name: str | None = None
    namespace: str | None = None
    container_name: list[str] | str | None = None


class Pods(Group):
    neuroncores_k8s_info: dict[str, Holder] | None = None
    neurondevices_k8s_info: dict[str, Holder] | None = None


class Runtime(Struct):
    """One process on the devices. None: it says nothing of this."""

    tag: str
    cores: Cores | None
    execution: Execution | None
    memory: Memory | None
    cpu: RuntimeCpu | None


class Report(Struct):
    """One line. `runtimes` is None where the line does not tell who runs, and empty where nobody does."""

    runtimes: list[Runtime] | None
    ecc: HardwareCounters | None
    instance: Instance | None
    hardware: Hardware | None
    pods: Pods | None
    not_understood: int = 0  # groups that were there and had another shape than expected


class _Process(Struct):
    pid: int | None = None
    neuron_runtime_tag: str | None = None
    report: dict[str, Raw] | None = None


class _Line(Struct):
    neuron_runtime_data: Raw = Raw()
    system_data: Raw = Raw()
    instance_info: Raw = Raw()
    neuron_hardware_info: Raw = Raw()
    neuron_k8s_info: Raw = Raw()


class _Groups:
    """Decodes group by group and counts those that fail."""

    def __init__(self) -> None:
        self.failed = 0

    def of(self, raw: Raw | None, kind: type[G]) -> G | None:
        group = self.decoded(raw, kind)
        return None if group is None or group.error else group

    def decoded(self, raw: Raw | None, kind: type[T]) -> T | None:
        if raw is None or bytes(raw) in (b"", b"null"):
            return None
        try:
            return msgspec.json.decode(raw, type=kind)
        except UNREADABLE:
            self.failed += 1
            return None


def number_of(name: str) -> int | None:
    """The core or device that a key means; None for a key that is no such number."""
    return int(name) if name.isascii() and name.isdecimal() and len(name) <= _LONGEST_NUMBER else None


def report_of(line: bytes) -> Report:
    """The line, decoded. Raises one of `UNREADABLE` where it is no JSON object."""
    parts = msgspec.json.decode(line, type=_Line)
    groups = _Groups()
    system = groups.decoded(parts.system_data, dict[str, Raw]) or {}
    return Report(
        runtimes=_runtimes(parts.neuron_runtime_data, groups),
        ecc=groups.of(system.get("neuron_hw_counters"), HardwareCounters),
        instance=groups.of(parts.instance_info, Instance),
        hardware=groups.of(parts.neuron_hardware_info, Hardware),
        pods=groups.of(parts.neuron_k8s_info, Pods),
        not_understood=groups.failed,
    )


def _runtimes(raw: Raw, groups: _Groups) -> list[Runtime] | None:
    if not bytes(raw):
        return None
    if bytes(raw) == b"null":  # how an empty list is printed by some releases
        return []
    processes = groups.decoded(raw, list[Raw])
    return None if processes is None else [_runtime(groups.decoded(one, _Process), groups) for one in processes]


def _runtime(process: _Process | None, groups: _Groups) -> Runtime:
    """A process that cannot be read is still one: it may hold cores."""
    if process is None:
        return Runtime("", None, None, None, None)
    report = process.report or {}
    return Runtime(
        process.neuron_runtime_tag or str(process.pid or ""),
        groups.of(report.get("neuroncore_counters"), Cores),
        groups.of(report.get("execution_stats"), Execution),
        groups.of(report.get("memory_used"), Memory),
        groups.of(report.get("neuron_runtime_vcpu_usage"), RuntimeCpu),
    )
