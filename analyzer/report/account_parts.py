"""The parts of the report that look closer at the bill: starts, failed nodes, unused hosts, jobs without an engine."""

from __future__ import annotations

import msgspec

from analyzer.report.figure import Figure


class StartStep(msgspec.Struct, frozen=True):
    """One part of the starts whose steps were told; means over those."""

    name: str
    starts: int
    seconds_per_start: float
    dollars_per_start: Figure


class StartsPart(msgspec.Struct, frozen=True):
    """Starts of pods with accelerators, or of accelerator nodes. `kind` is pod or node."""

    kind: str
    starts: int
    seconds_per_start: Figure
    dollars: Figure
    dollars_per_start: Figure
    steps: list[StartStep]


class FailedNodePart(msgspec.Struct, frozen=True):
    """What was paid for a node while it, or devices of it, were out of order, and who held them."""

    node: str
    instance_type: str
    devices: int
    accelerator_seconds: float
    dollars: Figure
    holders: list[str]


class UnusedHostPart(msgspec.Struct, frozen=True):
    """CPU and memory of nodes of one type that no pod asked for. The dollars are inside the bill, by `method`."""

    instance_type: str
    nodes: int
    cpu_ratio: float
    memory_ratio: float
    dollars: Figure
    method: str


class JobPart(msgspec.Struct, frozen=True):
    """Work without an engine. `spread_ratio` is how far the ranks' effective ratios lie apart, over their mean."""

    namespace: str
    workload: str
    ranks: int
    accelerator_seconds: float
    worked_seconds: float
    dollars: Figure
    effective_ratio: Figure
    spread_ratio: Figure
    lowest_rank: str
