"""The report's types (DESIGN 13). Their JSON form is the contract; the schema in schema.json is made from them."""

from __future__ import annotations

import msgspec

from analyzer.advice.finding import Checked, Declined, Finding, Rate
from analyzer.report.account_parts import FailedNodePart, JobPart, StartsPart, UnusedHostPart
from analyzer.report.figure import Figure as Figure
from analyzer.report.tradeoff_parts import TradeoffPart
from analyzer.report.yield_parts import YieldPart

SCHEMA_VERSION = 1


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
    lifetime: str  # measured: both ends of every node's paid life are known; else estimated
    instance_type_rungs: list[Rung]
    fees: list[FeeLine]
    currency: str


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


class PhasePart(msgspec.Struct, frozen=True):
    """Held dollars per million prompt tokens computed, and per million generated, if the model's dollars are split
    between reading and writing by this method. No method is the truth."""

    method: str
    input: Figure
    output: Figure


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
    dollars_per_million_by_phase: list[PhasePart]
    tokens_per_second: Figure
    joules_per_token: Figure
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


class SavingsPart(msgspec.Struct, frozen=True):
    """All findings together: of each dollar the largest claim, never the sum of claims."""

    attributed: Rate
    realisable: Rate


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
    yields: list[YieldPart]
    tradeoffs: list[TradeoffPart]
    starts: list[StartsPart]
    failed_nodes: list[FailedNodePart]
    unused_hosts: list[UnusedHostPart]
    jobs: list[JobPart]
    joins: list[JoinPart]
    findings: list[Finding]  # the largest saving first
    declined: list[Declined]
    rules: list[Checked]
    savings: SavingsPart
    blind_spots: list[BlindSpot]
    warnings: list[str]


def encode(report: Report) -> bytes:
    """The report as indented JSON, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def schema() -> bytes:
    """The JSON Schema of a report."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Report)), indent=2) + b"\n"
