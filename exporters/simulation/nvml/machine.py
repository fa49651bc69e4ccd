"""A node's cards and what befalls them: the script that the simulated library answers from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.simulation.nvml.cards import Model
from exporters.simulation.nvml.work import Work, always
from exporters.simulation.steps import Span, Steps


@dataclass(frozen=True, slots=True)
class Xid:
    """A fault. `instance` is the GPU instance that it hits; None for the whole card."""

    at: float
    code: int
    instance: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A MIG device: its GPU instance, profile, and memory as the driver hands it out."""

    uuid: str
    instance: int
    profile: str
    compute_slices: int
    memory_mib: int
    work: Work = field(default_factory=Work)


@dataclass(frozen=True, slots=True, eq=False)
class Gpu:
    """One card. While a span of `lost` holds the card is off the bus; a library opened before that never sees it
    again. `throttled` is the share of time in which clocks are held down, by number of the field that counts it."""

    uuid: str
    model: Model
    work: Work = field(default_factory=Work)
    slices: tuple[Slice, ...] = ()
    has_mig: bool = False
    lost: tuple[Span, ...] = ()
    faults: tuple[Xid, ...] = ()
    recovery_action: Steps = field(default_factory=lambda: always(0.0))
    throttled: Mapping[int, Steps] = field(default_factory=dict)
    corrected_errors: int = 0
    remapped_rows: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A node. The driver is loaded at `booted` and again at each of `reloads`, away while a span of `unloaded` holds.

    `missing` are functions that this driver does not have yet, `missing_fields` fields; `forbidden` are functions that
    need a privilege which the caller lacks.
    """

    gpus: tuple[Gpu, ...]
    booted: float
    driver_version: str = "580.95.05"
    has_library: bool = True
    reloads: tuple[float, ...] = ()
    unloaded: tuple[Span, ...] = ()
    missing: frozenset[str] = frozenset()
    missing_fields: frozenset[int] = frozenset()
    forbidden: frozenset[str] = frozenset()

    def is_loaded(self, at: float) -> bool:
        return not any(span.holds(at) for span in self.unloaded)

    def loaded_since(self, at: float) -> float:
        """When the driver was loaded that runs at this time."""
        starts = (self.booted, *self.reloads, *(span.end for span in self.unloaded))
        return max(start for start in starts if start <= at)
