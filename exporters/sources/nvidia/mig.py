"""The MIG instances of a device. Each is a GPU instance; several compute instances may lie in one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from exporters.sources.nvidia.asking import Asking
from exporters.sources.nvidia.nvml import Handle

_PROFILE = re.compile(r"\bMIG (?:\d+c\.)?(\d+g\.\S+)$")
_MODE = "MIG mode"
_EIGHTHS = 8  # a device's memory is cut into eight parts
_GIB = 1 << 30
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Instance:
    """One GPU instance: its number, its profile (1g.10gb), and NVML's handle and UUID of each MIG device in it."""

    number: int
    profile: str
    handles: tuple[Handle, ...]
    uuids: tuple[str, ...]

    @property
    def mig(self) -> str:
        return str(self.number)


def is_mig_on(asking: Asking, handle: Handle, before: bool) -> bool:
    """Whether MIG is on; as it was before where the device does not tell this time."""
    mode = asking.ask(_MODE, lambda: asking.nvml.nvmlDeviceGetMigMode(handle))
    if mode is None:
        return before and not asking.is_never(_MODE)
    return bool(mode[0])


def instances_of(asking: Asking, device: Handle, memory_bytes: float | None) -> list[Instance]:
    """The instances of a device with MIG on, by number. `memory_bytes` is the whole device's, where known."""
    nvml = asking.nvml
    slots = asking.ask("MIG slots", lambda: nvml.nvmlDeviceGetMaxMigDeviceCount(device)) or 0
    found: dict[int, Instance] = {}
    for slot in range(slots):
        if (one := _instance(asking, device, slot, memory_bytes)) is None:
            continue
        other = found.get(one.number)
        if other is not None:
            one = Instance(one.number, one.profile, other.handles + one.handles, other.uuids + one.uuids)
        found[one.number] = one
    return [found[number] for number in sorted(found)]


def _instance(asking: Asking, device: Handle, slot: int, memory_bytes: float | None) -> Instance | None:
    nvml = asking.nvml
    handle = asking.ask(f"MIG device {slot}", lambda: nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, slot))
    if handle is None:
        return None
    number = asking.ask(f"instance of MIG device {slot}", lambda: nvml.nvmlDeviceGetGpuInstanceId(handle))
    if number is None:
        return None
    uuid = asking.ask(f"UUID of MIG device {slot}", lambda: nvml.nvmlDeviceGetUUID(handle))
    profile = _named_profile(asking, handle, slot) or _computed_profile(asking, handle, slot, memory_bytes)
    return Instance(number, profile, (handle,), (uuid,) if uuid else ())


def _named_profile(asking: Asking, handle: Handle, slot: int) -> str:
    """From the name, as NVIDIA writes it: NVIDIA A100-SXM4-40GB MIG 3g.20gb."""
    name = asking.ask(f"name of MIG device {slot}", lambda: asking.nvml.nvmlDeviceGetName(handle))
    match = _PROFILE.search(name or "")
    return match.group(1) if match else ""


def _computed_profile(asking: Asking, handle: Handle, slot: int, memory_bytes: float | None) -> str:
    """From the parts it has. The name tells eighths of the device's memory, not what is left after reserves."""
    facts = asking.ask(f"parts of MIG device {slot}", lambda: asking.nvml.nvmlDeviceGetAttributes(handle))
    if facts is None or not memory_bytes:
        return ""
    eighths = math.ceil(facts.memorySizeMB * _MIB / memory_bytes * _EIGHTHS)
    gib = round(math.ceil(memory_bytes / _GIB) * eighths / _EIGHTHS)
    return f"{facts.gpuInstanceSliceCount}g.{gib}gb"
