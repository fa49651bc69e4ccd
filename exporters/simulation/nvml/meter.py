"""What a card's counters and gauges stand at: all worked out from its work, so that they agree with each other."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.simulation.nvml.cards import BLACKWELL
from exporters.simulation.nvml.machine import Gpu
from exporters.simulation.nvml.work import area_between, level_at

UNSIGNED_INT, UNSIGNED_LONG_LONG = 1, 3
_MEAN_SECONDS = 1.0
_NVLINK5_FIELDS = (202, 204)
_KIB_FIELDS = (138, 139, 140, 141)
_PCIE_FIELDS = (197, 198)
_THROTTLE_FIELDS = (74, 75, 76, 77, 78, 79, 269, 270, 271)


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """A field's value and NVML's number of its type."""

    value: int
    type: int


@dataclass(frozen=True, slots=True)
class Meter:
    """One card at one time. `since` is when the driver was loaded: counters began at 0 then."""

    gpu: Gpu
    since: float
    at: float

    @property
    def busy_percent(self) -> int:
        return round(100 * self._mean_busy)

    @property
    def power_milliwatts(self) -> int:
        """Mean of the last second."""
        model = self.gpu.model
        return round(1000 * (model.idle_watts + (model.full_watts - model.idle_watts) * self._mean_busy))

    @property
    def energy_millijoules(self) -> int:
        model = self.gpu.model
        joules = model.idle_watts * (self.at - self.since)
        joules += (model.full_watts - model.idle_watts) * self._busy_seconds
        return int(1000 * joules)

    @property
    def celsius(self) -> int:
        return 30 + round(45 * self._mean_busy)

    def field(self, number: int) -> FieldAnswer | None:
        """None where the model does not have it."""
        if number == 185:
            return FieldAnswer(self.power_milliwatts, UNSIGNED_INT)
        if number == 230:
            return FieldAnswer(int(level_at(self.gpu.recovery_action, self.at)), UNSIGNED_INT)
        if number in _THROTTLE_FIELDS:
            return FieldAnswer(self._throttled_nanoseconds(number), UNSIGNED_LONG_LONG)
        return self._pcie() if number in _PCIE_FIELDS else self._nvlink(number)

    def _pcie(self) -> FieldAnswer | None:
        model = self.gpu.model
        if model.pcie_bits is None:
            return None
        total = int(model.pcie_bytes_per_second * self._busy_seconds)
        return FieldAnswer(
            total % (1 << model.pcie_bits), UNSIGNED_INT if model.pcie_bits == 32 else UNSIGNED_LONG_LONG
        )

    def _nvlink(self, number: int) -> FieldAnswer | None:
        model = self.gpu.model
        total = int(model.nvlink_bytes_per_second * self._busy_seconds)
        if not model.nvlink_bytes_per_second:
            return None
        if number in _NVLINK5_FIELDS and model.architecture >= BLACKWELL:
            return FieldAnswer(total, UNSIGNED_LONG_LONG)
        if number in _KIB_FIELDS and model.architecture < BLACKWELL:
            return FieldAnswer(total // 1024, UNSIGNED_LONG_LONG)
        return None

    def _throttled_nanoseconds(self, number: int) -> int:
        share = self.gpu.throttled.get(number)
        return 0 if share is None else int(1e9 * area_between(share, self.since, self.at))

    @property
    def _mean_busy(self) -> float:
        return area_between(self.gpu.work.busy, self.at - _MEAN_SECONDS, self.at) / _MEAN_SECONDS

    @property
    def _busy_seconds(self) -> float:
        return area_between(self.gpu.work.busy, self.since, self.at)
