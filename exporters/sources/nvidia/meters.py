"""The counters of a board: energy, throttling, traffic. They remember the last reading, to know a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporters.canonical import device
from exporters.metric import Sample
from exporters.sources.nvidia import fields, readings
from exporters.sources.nvidia.asking import Asking
from exporters.sources.nvidia.counters import Climb
from exporters.sources.nvidia.fields import FieldValue
from exporters.sources.nvidia.nvml import BLACKWELL, Handle

_MILLI = 1e-3
_NANO = 1e-9
_KIB = 1024

_PCIE = {"transmit": (fields.PCIE_TRANSMIT, 1), "receive": (fields.PCIE_RECEIVE, 1)}
_NVLINK = {"transmit": (fields.NVLINK_TRANSMIT_KIB, _KIB), "receive": (fields.NVLINK_RECEIVE_KIB, _KIB)}
_NVLINK5 = {"transmit": (fields.NVLINK5_TRANSMIT_BYTES, 1), "receive": (fields.NVLINK5_RECEIVE_BYTES, 1)}


class Meters:
    """Reads them all, for one device, as long as the exporter lives."""

    def __init__(self, uuid: str) -> None:
        self._uuid = uuid
        self._energy = 0
        self._climbs: dict[tuple[str, str], Climb] = {}
        self.has_restarted = False  # whether the last reading showed that driver or device began anew
        self.recovery_action: int | None = None

    def read(self, asking: Asking, handle: Handle, at: float) -> Iterator[Sample]:
        links = {"pcie": _PCIE, "nvlink": self._nvlink(asking, handle)}
        yield from self._energy_joules(asking, handle, at)
        values = fields.read_fields(asking, handle, _numbers(links))
        yield from self._power(asking, handle, values, at)
        for number, reason in fields.THROTTLE_REASONS.items():
            if number in values:
                seconds = values[number].value * _NANO
                yield device.throttled_seconds_total.sample(seconds, at, uuid=self._uuid, reason=reason)
        for link, directions in links.items():
            yield from self._traffic(link, directions, values, at)
        action = values.get(fields.RECOVERY_ACTION)
        self.recovery_action = None if action is None else int(action.value)

    def _energy_joules(self, asking: Asking, handle: Handle, at: float) -> Iterator[Sample]:
        energy = readings.energy_millijoules(asking, handle)
        self.has_restarted = energy is not None and energy < self._energy
        if energy is not None:
            self._energy = energy
            yield device.energy_joules_total.sample(energy * _MILLI, at, uuid=self._uuid)

    def _power(self, asking: Asking, handle: Handle, values: Mapping[int, FieldValue], at: float) -> Iterator[Sample]:
        mean = values.get(fields.POWER_AVERAGE)
        milliwatts = readings.power_milliwatts(asking, handle) if mean is None else mean.value
        if milliwatts is not None:
            yield device.power_watts.sample(milliwatts * _MILLI, at, uuid=self._uuid, mig="")

    def _traffic(
        self, link: str, directions: Mapping[str, tuple[int, int]], values: Mapping[int, FieldValue], at: float
    ) -> Iterator[Sample]:
        for direction, (number, scale) in directions.items():
            if number in values:
                climb = self._climbs.setdefault((link, direction), Climb())
                total = climb.total(values[number], self.has_restarted) * scale
                yield device.interconnect_bytes_total.sample(total, at, uuid=self._uuid, link=link, direction=direction)

    def _nvlink(self, asking: Asking, handle: Handle) -> Mapping[str, tuple[int, int]]:
        """NVLink 5 counts bytes in registers of its own; older links count KiB."""
        architecture = asking.ask("architecture", lambda: asking.nvml.nvmlDeviceGetArchitecture(handle)) or 0
        is_new = architecture >= BLACKWELL and not fields.is_never_answered(asking, fields.NVLINK5_TRANSMIT_BYTES)
        return _NVLINK5 if is_new else _NVLINK


def _numbers(links: Mapping[str, Mapping[str, tuple[int, int]]]) -> list[int]:
    traffic = [number for directions in links.values() for number, _ in directions.values()]
    return [fields.POWER_AVERAGE, *fields.THROTTLE_REASONS, *traffic, fields.RECOVERY_ACTION]
