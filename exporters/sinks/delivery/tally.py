"""Counts what became of samples, so that none is lost without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

KILLED = "killed"  # was in memory only when the process before this one was killed


@dataclass(slots=True)
class Tally:
    """`offered` = `accepted` + `dropped` + what is on the way."""

    offered: int = 0
    accepted: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def on_the_way(self) -> int:
        return self.offered - self.accepted - self.dropped.total()

    def drop(self, reasons: Mapping[str, int]) -> None:
        self.dropped.update({reason: count for reason, count in reasons.items() if count})

    def settle(self, samples: int, rejected: Mapping[str, int]) -> None:
        """A batch was answered; more cannot be rejected than were in it."""
        self.drop(rejected)
        self.accepted += samples - sum(rejected.values())

    def results(self) -> dict[str, int]:
        """By what the label `result` says."""
        return {"accepted": self.accepted, **dict(sorted(self.dropped.items()))}
