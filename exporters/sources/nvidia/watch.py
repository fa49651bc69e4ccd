"""What is known of a device beyond its last answer: written by the thread that reads it, judged by the node's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from exporters.metric import Sample
from exporters.sources.nvidia.faults import FaultBook


class Standing(Enum):
    """How a device last stood."""

    NEW = "new"  # found, not read yet
    ANSWERS = "answers"
    FAILS = "fails"  # the last reading brought nothing
    LOST = "lost"  # the driver says that it fell off the bus or waits for a reset


@dataclass(slots=True)
class Watch:
    """One device for the life of the exporter. The roster's thread writes `is_listed`, the device's own all else."""

    uuid: str
    is_listed: bool = True  # whether the driver showed it at the last look
    standing: Standing = Standing.NEW
    asked_at: float | None = None  # when the reading began that is under way; None between readings
    recovery_action: int | None = None  # the driver's own verdict, 0 for none needed; None where it gives none
    judged_at: float = 0.0  # when the reading began that brought the verdict
    identity: tuple[Sample, ...] = ()  # its info series, as it told them last; whole or by MIG instance

    @property
    def is_away(self) -> bool:
        return not self.is_listed or self.standing is Standing.LOST

    @property
    def is_silent(self) -> bool:
        """Whether it tells nothing of itself any more."""
        return self.is_away or self.standing is Standing.FAILS

    def is_up(self, now: float, patience_seconds: float) -> bool | None:
        """Whether it answers; None before the first reading has ended."""
        if self.is_away:
            return False
        if self.asked_at is not None and now - self.asked_at > patience_seconds:
            return False
        return None if self.standing is Standing.NEW else self.standing is Standing.ANSWERS

    def is_healthy(self, is_up: bool | None, faults: FaultBook) -> bool | None:
        """Whether it can be given work; None where nothing tells. The driver's verdict outranks the list of fatal
        faults, unless the fault came after it."""
        if self.is_away:
            return False
        fatal_at = faults.fatal_at(self.uuid)
        if is_up and self.recovery_action is not None and (fatal_at is None or fatal_at <= self.judged_at):
            return self.recovery_action == 0
        if fatal_at is not None:
            return False
        return True if is_up else None
