"""GPM: how busy multiprocessors, tensor pipes and memory were between two readings. On Hopper and newer, without DCGM.

Each reading takes one sample and compares it with the sample before. Where the library also counts cycles since boot,
their quotient is taken instead: it is exact whatever happened in between. NVIDIA does not say whether those counts are
sums over multiprocessors, so they are believed only as long as they agree with the library's own percentages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from exporters.canonical import device
from exporters.metric import Metric
from exporters.sources.nvidia.asking import Asking
from exporters.sources.nvidia.nvml import Handle

GRAPHICS, SM, ANY_TENSOR, DRAM = 1, 2, 5, 10  # percent
SM_CYCLES_ELAPSED, SM_CYCLES_ACTIVE, TENSOR_CYCLES_ACTIVE = 248, 249, 250  # since boot
_REQUEST = (GRAPHICS, SM, ANY_TENSOR, DRAM, SM_CYCLES_ELAPSED, SM_CYCLES_ACTIVE, TENSOR_CYCLES_ACTIVE)
_STRUCT_VERSION = 1
_SUPPORT = "GPM support"

_AGREEMENT = 0.05
_OVERSHOOT = 1.05  # rounding; what is larger is not a ratio of anything (seen on MIG)


class Gpm:
    """The pair of samples of a device, or of one MIG instance of it."""

    def __init__(self, asking: Asking, handle: Handle, instance: int | None = None) -> None:
        self._asking = asking
        self._handle = handle
        self._instance = instance
        self._what = "GPM" if instance is None else f"GPM of instance {instance}"
        self._last: Any = None
        self._spare: Any = None
        self._cycles: tuple[float, ...] | None = None
        self._trusts_cycles = True

    def ratios(self) -> dict[Metric, float]:
        """Means since the last reading; empty at the first, and where GPM is not supported or not permitted."""
        if not self._is_supported() or not self._step():
            return {}
        values = self._values()
        sm, tensor = self._by_cycles(values) or (_percent(values, SM), _percent(values, ANY_TENSOR))
        found = {
            device.sm_active_ratio: sm,
            device.compute_active_ratio: tensor,
            device.memory_active_ratio: _percent(values, DRAM),
        }
        if self._instance is not None:  # of a whole device NVML tells the busy ratio itself
            found[device.busy_ratio] = _percent(values, GRAPHICS)
        return {metric: ratio for metric, value in found.items() if (ratio := _ratio(value)) is not None}

    @property
    def state(self) -> str | None:
        """measured, unsupported or forbidden; None while the device has said none of these."""
        questions = (_SUPPORT, self._what)
        if any(self._asking.is_forbidden(what) for what in questions):
            return "forbidden"
        if any(self._asking.is_never(what) for what in questions):
            return "unsupported"
        return None if self._last is None else "measured"

    def free(self) -> None:
        """Gives the samples back."""
        for sample in (self._last, self._spare):
            if sample is not None:
                self._free(sample)
        self._last = self._spare = self._cycles = None

    def _free(self, sample: Any) -> None:
        try:
            self._asking.nvml.nvmlGpmSampleFree(sample)
        except self._asking.nvml.NVMLError:
            return  # the library is closing or has lost the device: the sample went with it

    def _is_supported(self) -> bool:
        nvml = self._asking.nvml
        if self._last is None:
            answer = self._asking.ask(_SUPPORT, lambda: nvml.nvmlGpmQueryDeviceSupport(self._handle))
            if answer is not None and not answer.isSupportedDevice:
                self._asking.never(_SUPPORT)
            return bool(answer is not None and answer.isSupportedDevice)
        return True

    def _step(self) -> bool:
        """Takes a sample; whether there are two now, the older one in `_spare`."""
        ask, nvml = self._asking.ask, self._asking.nvml
        if not self._asking.is_open(self._what):
            return False
        sample = self._spare or ask(f"memory for {self._what}", nvml.nvmlGpmSampleAlloc)
        if sample is None:
            return False
        self._spare = sample  # a refused sample is used again, not lost
        if self._instance is None:
            taken = ask(self._what, lambda: nvml.nvmlGpmSampleGet(self._handle, sample))
        else:
            number = self._instance
            taken = ask(self._what, lambda: nvml.nvmlGpmMigSampleGet(self._handle, number, sample))
        if taken is None:
            return False
        self._last, self._spare = sample, self._last
        return self._spare is not None

    def _values(self) -> dict[int, float]:
        """What the two samples say, by metric id; what is not known is left out."""
        nvml = self._asking.nvml
        question = nvml.c_nvmlGpmMetricsGet_t()
        question.version = _STRUCT_VERSION  # the python package leaves it 0 and the library then refuses
        question.numMetrics = len(_REQUEST)
        question.sample1, question.sample2 = self._spare, self._last
        for place, number in enumerate(_REQUEST):
            question.metrics[place].metricId = number
        answer = self._asking.ask(f"{self._what} metrics", lambda: nvml.nvmlGpmMetricsGet(question))
        entries = [] if answer is None else [answer.metrics[place] for place in range(len(_REQUEST))]
        return {one.metricId: one.value for one in entries if not one.nvmlReturn and math.isfinite(one.value)}

    def _by_cycles(self, values: Mapping[int, float]) -> tuple[float, float] | None:
        """SM and tensor ratio from the counts of cycles; None where they are missing or not to be believed."""
        ids = (SM_CYCLES_ELAPSED, SM_CYCLES_ACTIVE, TENSOR_CYCLES_ACTIVE)
        now = tuple(values[number] for number in ids if number in values)
        before, self._cycles = self._cycles, now if len(now) == len(ids) else None
        if not self._trusts_cycles or before is None or self._cycles is None or now[0] <= before[0]:
            return None
        elapsed, sm, tensor = (new - old for new, old in zip(now, before, strict=True))
        ratios = sm / elapsed, tensor / elapsed
        told = _percent(values, SM), _percent(values, ANY_TENSOR)
        self._trusts_cycles = all(
            other is None or abs(one - other) <= _AGREEMENT for one, other in zip(ratios, told, strict=True)
        )
        return ratios if self._trusts_cycles else None


def _percent(values: Mapping[int, float], number: int) -> float | None:
    value = values.get(number)
    return None if value is None else value / 100


def _ratio(value: float | None) -> float | None:
    return min(1.0, value) if value is not None and 0 <= value <= _OVERSHOOT else None
