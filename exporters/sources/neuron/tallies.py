"""Counters of our own, made of what neuron-monitor tells of each period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from exporters.sources.neuron.schema import EccDevice, Report, number_of

_ECC_EVENTS = ("mem_ecc_corrected", "mem_ecc_uncorrected", "sram_ecc_corrected", "sram_ecc_uncorrected")
# An older name of the same kind, which the guide still uses in one place.
_KINDS = {"numeric": "numerical"}


class EccCount:
    """One ECC counter, of which neuron-monitor does not say whether it tells a total or the tally of its period.

    It is taken for a total as long as it never falls: a rise counts. A fall shows a tally (or a driver that was loaded
    anew): from then on each reading counts, until a value other than 0 repeats, which totals do and rare events do
    not. A repeated value never counts, so errors are never made up; equal tallies in a row are counted once.
    """

    def __init__(self) -> None:
        self.total = 0
        self.is_tally = False
        self._last = 0

    def add(self, reading: int) -> None:
        if reading < 0:
            return
        if reading == self._last:
            self.is_tally = self.is_tally and reading == 0
            return
        self.is_tally = self.is_tally or reading < self._last
        self.total += reading if self.is_tally else reading - self._last
        self._last = reading


class Tallies:
    """Everything that is counted over the life of the exporter."""

    def __init__(self) -> None:
        self.executions: dict[str, float] = defaultdict(float)  # by status
        self.errors: dict[str, float] = defaultdict(float)  # by kind
        self.flops: dict[int, float] = defaultdict(float)  # by core
        self.ecc: dict[tuple[int, str], EccCount] = defaultdict(EccCount)  # by device and event

    def add(self, report: Report) -> None:
        """Counts one line; to be called once for each."""
        for runtime in report.runtimes or ():
            if execution := runtime.execution:
                _count(self.executions, execution.execution_summary)
                _count(self.errors, execution.error_summary)
            if cores := runtime.cores:
                for name, core in (cores.neuroncores_in_use or {}).items():
                    number = number_of(name)
                    rate = core.effective_flops if core.flops is None else core.flops
                    if number is not None and rate is not None and rate >= 0 and cores.period > 0:
                        self.flops[number] += rate * cores.period
        for told in (report.ecc and report.ecc.neuron_devices) or ():
            for event, reading in _ecc_readings(told):
                self.ecc[told.neuron_device_index, event].add(reading)

    def ecc_of(self, device_number: int) -> dict[str, int]:
        """The totals of a device by event; those that were never told are left out."""
        return {
            event: self.ecc[device_number, event].total for event in _ECC_EVENTS if (device_number, event) in self.ecc
        }


def _ecc_readings(told: EccDevice) -> Iterator[tuple[str, int]]:
    for event in _ECC_EVENTS:
        reading: int | None = getattr(told, event)
        if reading is not None:
            yield event, reading


def _count(into: dict[str, float], tally: dict[str, float] | None) -> None:
    for name, amount in (tally or {}).items():
        if amount >= 0:
            into[_KINDS.get(name, name)] += amount
