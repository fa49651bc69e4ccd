"""The report's types (DESIGN 13). Their JSON form is the contract; the schema in schema.json is made from them."""

from __future__ import annotations

import msgspec

SCHEMA_VERSION = 1


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number that says how far to trust it. `low` and `high` only where it is an interval; `reason` when null."""

    value: float | None
    coverage: float  # share of what it speaks of that was seen, 0 to 1
    sources: list[str]
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class WindowPart(msgspec.Struct, frozen=True):
    start: str
    end: str
    cell_seconds: int


class Rung(msgspec.Struct, frozen=True):
    """Where instance types were learnt, with the share of nodes and dollars that stand on it."""

    rung: str
    nodes: int
    dollars: float


class FeeLine(msgspec.Struct, frozen=True):
    """What is paid beside the nodes: a control plane, Auto Mode. No state of an accelerator, so not in their sum."""

    name: str
    dollars: Figure


class Bill(msgspec.Struct, frozen=True):
    dollars: Figure  # of all states; without the fees
    price_basis: str
    lifetime: str
    instance_type_rungs: list[Rung]
    fees: list[FeeLine]


class StateLine(msgspec.Struct, frozen=True):
    state: str
    accelerator_seconds: float
    dollars: float


class Tokens(msgspec.Struct, frozen=True):
    prompt: Figure
    prompt_cached: Figure
    generation: Figure


class Dollars(msgspec.Struct, frozen=True):
    held: Figure
    loaded: Figure


class PerMillion(msgspec.Struct, frozen=True):
    """Held dollars per million tokens, by denominator."""

    all: Figure
    output: Figure
    computed: Figure
    good: Figure


class Latency(msgspec.Struct, frozen=True):
    """Means over the window, seconds; null where the engine does not tell."""

    ttft_mean_seconds: Figure
    e2e_mean_seconds: Figure
    queue_mean_seconds: Figure


class SloPart(msgspec.Struct, frozen=True):
    limits: str
    good_share: Figure


class Model(msgspec.Struct, frozen=True):
    model: str
    engine: str
    namespace: str
    tokens: Tokens
    dollars: Dollars
    dollars_per_million: PerMillion
    dollars_per_million_loaded_output: Figure
    tokens_per_second: Figure
    busy_ratio: Figure
    effective_ratio: Figure
    latency: Latency
    slo: SloPart


class Team(msgspec.Struct, frozen=True):
    team: str
    accelerator_seconds: float
    dollars: Figure


class NodeLine(msgspec.Struct, frozen=True):
    node: str
    instance_type: str
    capacity_type: str
    seconds: float
    dollars: Figure


class IdleHolder(msgspec.Struct, frozen=True):
    namespace: str
    workload: str
    accelerator_seconds: float
    dollars: float


class BlindSpot(msgspec.Struct, frozen=True):
    signal: str
    subject_kind: str
    subject: str
    dollars: float | None
    accelerator_seconds: float
    remedy: str


class JoinPart(msgspec.Struct, frozen=True):
    """How many of one kind of thing found what they belong to, and by which way."""

    join: str
    total: int
    matched: int
    by_way: dict[str, int]


class Kpis(msgspec.Struct, frozen=True):
    """The key figures of the whole ledger (DESIGN 7). Tokens are generated tokens."""

    waste_ratio: Figure
    idle_dollars_per_hour: Figure
    free_dollars_per_hour: Figure
    tokens_per_dollar: Figure
    good_tokens_per_dollar: Figure
    tokens_per_accelerator_second: Figure
    joules_per_token: Figure
    cold_start_dollars_per_start: Figure
    waste_ratio_at_other_targets: dict[str, Figure]


class Report(msgspec.Struct, frozen=True):
    schema_version: int
    generated_at: str
    window: WindowPart
    sources: list[str]
    bill: Bill
    ledger: list[StateLine]
    kpis: Kpis
    models: list[Model]
    teams: list[Team]
    nodes: list[NodeLine]
    cpu_nodes: list[NodeLine]
    idle_holders: list[IdleHolder]
    joins: list[JoinPart]
    findings: list[dict[str, str]]
    blind_spots: list[BlindSpot]
    warnings: list[str]


def encode(report: Report) -> bytes:
    """The report as indented JSON, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def schema() -> bytes:
    """The JSON Schema of a report."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Report)), indent=2) + b"\n"
