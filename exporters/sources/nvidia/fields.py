"""Values that NVML gives by number, many in one call (nvmlDeviceGetFieldValues)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.sources.nvidia.asking import Asking
from exporters.sources.nvidia.nvml import INVALID_ARGUMENT, NOT_FOUND, Handle

POWER_AVERAGE = 185  # mW, mean of the last second
PCIE_TRANSMIT, PCIE_RECEIVE = 197, 198  # bytes
NVLINK_TRANSMIT_KIB, NVLINK_RECEIVE_KIB = 138, 139  # payload of all links
NVLINK5_TRANSMIT_BYTES, NVLINK5_RECEIVE_BYTES = 202, 204
RECOVERY_ACTION = 230

# Nanoseconds in which clocks were held down. Names as in dcgm-exporter's clock_event where it has one.
THROTTLE_REASONS: Mapping[int, str] = {
    74: "power_cap",
    75: "thermal",
    76: "sync_boost",
    77: "board_limit",
    78: "low_utilization",
    79: "reliability",
    269: "sw_thermal",
    270: "hw_thermal",
    271: "hw_power_brake",
}

ALL_LINKS = 0xFFFFFFFF
_PER_LINK = frozenset({NVLINK_TRANSMIT_KIB, NVLINK_RECEIVE_KIB, NVLINK5_TRANSMIT_BYTES, NVLINK5_RECEIVE_BYTES})

# The member of the union that holds the value, by valueType; any other member reads bytes that were never written.
_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
_UNSIGNED_INT = 1

# A driver that does not know a field refuses its number.
_UNKNOWN_FIELD = frozenset({INVALID_ARGUMENT, NOT_FOUND})


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value. `wraps_at` is where its counter begins again from 0."""

    value: float
    wraps_at: int


def read_fields(asking: Asking, handle: Handle, ids: Iterable[int]) -> dict[int, FieldValue]:
    """What is answered, by field; the rest is left out."""
    wanted = [number for number in ids if asking.is_open(_name(number))]
    if not wanted:
        return {}
    request: list[int | tuple[int, int]] = [(number, ALL_LINKS) if number in _PER_LINK else number for number in wanted]
    entries: Sequence[Any] | None = asking.ask("fields", lambda: asking.nvml.nvmlDeviceGetFieldValues(handle, request))
    found: dict[int, FieldValue] = {}
    for entry in entries or ():
        if entry.nvmlReturn:
            _refused(asking, entry)
        elif (value := _value(entry)) is not None:
            found[entry.fieldId] = value
    return found


def _refused(asking: Asking, entry: Any) -> None:
    name = _name(entry.fieldId)
    if entry.nvmlReturn in _UNKNOWN_FIELD:
        asking.never(name)
    else:
        asking.refused(name, entry.nvmlReturn)


def _value(entry: Any) -> FieldValue | None:
    if not 0 <= entry.valueType < len(_MEMBERS):
        return None
    value = getattr(entry.value, _MEMBERS[entry.valueType])
    return FieldValue(value, 1 << 32 if entry.valueType == _UNSIGNED_INT else 1 << 64)


def is_never_answered(asking: Asking, number: int) -> bool:
    """Whether the device has said that it does not know this field."""
    return asking.is_never(_name(number))


def _name(number: int) -> str:
    return f"field {number}"
