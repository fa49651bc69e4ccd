"""The diagnosis: its JSON form is for pipelines, the table for people."""

from __future__ import annotations

import msgspec

from analyzer.report.model import BlindSpot, WindowPart

DIAGNOSIS_VERSION = 1

PRESENT, QUIET, OLDER_NAME, STALE, WRONG_SCALE, PARTLY, ABSENT = (
    "present",
    "none seen",
    "older name",
    "stale",
    "wrong scale",
    "partly",
    "absent",
)


class SourceLine(msgspec.Struct, frozen=True):
    """A producer of series. `versions` are those that it says itself; empty where it says none."""

    source: str
    state: str
    signals: int  # how many of the signals below it answers
    series: int
    versions: list[str]
    newest: str | None  # RFC 3339 UTC


class SignalLine(msgspec.Struct, frozen=True):
    """One signal. `decides`: what cannot be told apart, or told at all, without it. `remedy` is empty where there is
    nothing to do."""

    signal: str
    subject: str
    state: str
    names: list[str]  # the upstream names that answered
    series: int
    interval_seconds: float | None
    newest: str | None
    detail: str
    decides: str
    remedy: str
    is_needed: bool  # not: nice to have


class JoinLine(msgspec.Struct, frozen=True):
    join: str
    total: int
    matched: int
    by_way: dict[str, int]
    matched_ratio: float | None
    dollars: float | None  # spend that stands on what did not match


class Unscraped(msgspec.Struct, frozen=True):
    """Pods that hold accelerators and whose engine page nobody reads. `monitor` is the object that would change it;
    it and `engine` are empty where no image of theirs is that of an engine that gpuyield reads."""

    cluster: str
    namespace: str
    workload: str
    pods: int
    reason: str
    engine: str
    dollars: float | None
    accelerator_seconds: float
    monitor: str

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return "/".join(part for part in (self.cluster, self.namespace, self.workload) if part)


class Step(msgspec.Struct, frozen=True):
    """One thing to do, and the spend that it would make visible."""

    do: str
    dollars: float | None
    accelerator_seconds: float
    why: str


class Diagnosis(msgspec.Struct, frozen=True):
    diagnosis_version: int
    generated_at: str
    window: WindowPart
    store: str
    bill_dollars: float | None
    blind_dollars: float
    unpriced_ratio: float  # share of accelerator node time without a price, which is therefore not in the bill
    sources: list[SourceLine]
    signals: list[SignalLine]
    joins: list[JoinLine]
    blind_spots: list[BlindSpot]
    unscraped: list[Unscraped]
    next_steps: list[Step]
    warnings: list[str]
