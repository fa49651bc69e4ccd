"""What a finding says: the versioned JSON that tables, pages, metrics and patches are made from.

Nothing here is guessed: a number that is not known is null and has its reason.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FINDING_VERSION = 1
HOURS_PER_MONTH = 730.0

Severity = Literal["low", "medium", "high"]
Risk = Literal["low", "medium", "high"]
Status = Literal["open", "acknowledged", "suppressed"]


class Rate(msgspec.Struct, frozen=True, omit_defaults=True):
    """Dollars for an hour and for a month of 730 hours; both null, with the reason, where they are not known."""

    dollars_per_hour: float | None
    dollars_per_month: float | None
    reason: str | None = None


def rate(dollars_per_hour: float | None, reason: str = "") -> Rate:
    """A rate; `reason` says why there is none."""
    if dollars_per_hour is None:
        return Rate(None, None, reason or "its price is unknown")
    return Rate(dollars_per_hour, dollars_per_hour * HOURS_PER_MONTH)


class Resource(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the finding is about: the most specific thing that a person can change, and the person's name for it.

    `owner` is whom to ask: a team, a namespace or a NodePool.
    """

    kind: str  # node, nodepool, workload, model, device, reservation, instance-type, signal, cluster
    name: str
    owner: str
    cluster: str = ""
    nodepool: str = ""
    node: str = ""
    namespace: str = ""
    workload: str = ""
    model: str = ""
    device: str = ""
    instance_type: str = ""
    team: str = ""


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One observed value beside its threshold, with the query that gives the same value again.

    `language` is `sql` (run over the rows of `gpuyield advise --format csv`, named `ledger`), `promql` (at the end of
    the window) or `command`. `distance` is how far the value is past the threshold, as a share of the threshold;
    below 0 it has not passed it. `points` are (unix seconds, value) for a chart.
    """

    what: str
    query: str
    language: Literal["sql", "promql", "command"]
    value: float | None
    unit: str = ""
    comparison: Literal["", "<", "<=", ">", ">=", "=="] = ""
    threshold: float | None = None
    threshold_name: str = ""  # the setting to change
    distance: float | None = None
    source: str = ""  # the series that answered
    points: list[tuple[int, float]] = []


class Artifact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change, ready to be tried. `dry_run` changes nothing; `rollback` brings back what was."""

    kind: str  # NodePool, Deployment, ScaledObject, vllm-args, device-plugin-config, command
    target: str
    file: str
    content: str
    dry_run: str
    apply: str
    rollback: str
    remarks: list[str] = []


class Verify(msgspec.Struct, frozen=True):
    """How to see after the change that the saving came true."""

    query: str
    language: Literal["sql", "promql"]
    wait_seconds: float
    expect: str


class Acknowledgement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody has seen it and wants it left alone until a day, with the reason."""

    until: str
    reason: str
    by: str = ""


class Span(msgspec.Struct, frozen=True):
    start: str
    end: str


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One waste or risk. `headline` says what is, with a number; `remedy` says what to do, and what that saves.

    `saving_attributed` is the cost of what is wasted; `saving_realisable` is what stops being paid when whole nodes
    go, at the price that `price_basis` names: list, effective, marginal or opportunity.
    """

    version: int
    id: str
    rule: str
    rule_version: int
    title: str
    severity: Severity
    status: Status
    resource: Resource
    headline: str
    remedy: str
    window: Span
    samples: int
    coverage: float
    evidence: list[Evidence]
    signals_used: list[str]
    signals_not_checked: list[str]
    cost_now: Rate
    cost_after: Rate
    saving_attributed: Rate
    saving_realisable: Rate
    price_basis: str
    confidence: float
    confidence_reasons: list[str]
    risk: Risk
    risk_reasons: list[str]
    reversible: bool
    artifacts: list[Artifact] = []
    verify: Verify | None = None
    suppressed_by: str | None = None
    supersedes: list[str] = []
    acknowledged: Acknowledgement | None = None


class Declined(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule that could not or would not judge something, and why; `dollars` is the spend left unjudged."""

    rule: str
    title: str
    subject: str  # of what; "this cluster" where it is all of it
    reason: str
    dollars: float | None = None
    remedy: str = ""


class Checked(msgspec.Struct, frozen=True):
    """What became of one rule."""

    rule: str
    title: str
    found: int
    declined: int


class Advice(msgspec.Struct, frozen=True):
    """All findings, the largest saving first, and what could not be judged.

    `realisable` is what all of it together saves: of each dollar the largest claim, never the sum.
    """

    findings: list[Finding]
    declined: list[Declined]
    checked: list[Checked]
    attributed: Rate
    realisable: Rate
