"""The part of the report that holds utilization against tokens per dollar."""

from __future__ import annotations

import msgspec

from analyzer.report.figure import Figure


class LatencyBounds(msgspec.Struct, frozen=True):
    """The bucket that holds a quantile (`share`, 0 to 1), seconds. `high_seconds` is null in the last bucket."""

    quantity: str
    share: float
    low_seconds: float
    high_seconds: float | None


class YieldCell(msgspec.Struct, frozen=True):
    """One operating point: `running` per replica, the rest of all replicas together; null where nobody told it."""

    start: str
    workload: str
    replicas: float
    running: float
    tokens_per_second: float
    dollars_per_second: float | None
    busy_ratio: float | None
    effective_ratio: float | None
    latency: list[LatencyBounds]


class CorrelationPart(msgspec.Struct, frozen=True):
    """Spearman's rank correlation of a quantity with what a dollar buys, and the part of it that is left at equal
    load; with 95 % intervals from a block bootstrap."""

    quantity: str
    spearman: Figure
    at_equal_load: Figure


class YieldPart(msgspec.Struct, frozen=True):
    """One model on one instance type with one setting. Means and correlations are over the points in which it served;
    `tokens_per` over all time that its devices were held, per `per`. `engine_counters` tells whether the engine's
    FLOP and byte counters, and with them mfu and mbu, are on, off or absent. `cells` are a sample of the points."""

    cluster: str
    namespace: str
    model: str
    engine: str
    instance_type: str
    settings: str
    points: int
    point_seconds: float
    replicas: float
    accelerators: float
    engine_counters: str
    per: str
    tokens_per: Figure
    running_per_replica: Figure
    ratios: dict[str, Figure]
    correlations: list[CorrelationPart]
    verdicts: list[str]
    cells: list[YieldCell]
