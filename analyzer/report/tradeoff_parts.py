"""The part of the report that trades throughput, latency and dollars off."""

from __future__ import annotations

import msgspec

from analyzer.report.figure import Figure


class CurvePart(msgspec.Struct, frozen=True):
    """The Universal Scalability Law of one replica, with 95 % intervals. `rate` is tokens per second of one request
    alone; `knee` and `peak` are requests running: where throughput over latency, and where throughput, is largest."""

    rate: Figure
    contention: Figure
    crosstalk: Figure
    knee: Figure
    peak: Figure


class NowPart(msgspec.Struct, frozen=True):
    """Means over the last hour of the window; requests running and tokens per second are those of one replica."""

    replicas: float
    running: float
    tokens_per_second: float


class LatencyAt(msgspec.Struct, frozen=True):
    """Bucket bounds that hold the quantile `share` of a latency; `high_seconds` is null beyond the last bucket."""

    quantity: str
    share: float
    low_seconds: float
    high_seconds: float | None


class PointPart(msgspec.Struct, frozen=True):
    """One replica at a load: `slo` is kept, open (the buckets leave it open) or broken; empty without an SLO."""

    running: float
    tokens_per_second: Figure
    request_seconds: Figure
    good_share: Figure
    dollars_per_million_good: Figure
    latency: list[LatencyAt]
    slo: str


class SeenPart(msgspec.Struct, frozen=True):
    """One point that was seen: requests running and tokens per second of one replica."""

    running: float
    tokens_per_second: float


class OtherSloPart(msgspec.Struct, frozen=True):
    """The cheapest point if every limit were `factor` times as long; null where none would surely be kept."""

    factor: float
    limits: str
    cheapest: PointPart | None


class HourPart(msgspec.Struct, frozen=True):
    """What an hour asked for, on average and in its busiest five minutes, the replicas that served it, and those that
    would have at the cheapest point. `is_queued`: requests waited, so it takes at least these."""

    start: str
    tokens_per_second: float
    busiest_tokens_per_second: float
    replicas: float
    replicas_needed: Figure
    is_queued: bool


class TradeoffPart(msgspec.Struct, frozen=True):
    """One workload's model on one instance type with one setting. Null curve and cheapest where `reason` says why.
    `kept_to_running` is up to which load the SLO is surely (low) and possibly (high) kept; `seen` is a sample."""

    cluster: str
    namespace: str
    workload: str
    model: str
    engine: str
    instance_type: str
    settings: str
    points: int
    running_seen: Figure
    curve: CurvePart | None
    reason: str | None
    now: NowPart
    headroom: Figure
    dollars_per_replica_hour: Figure
    slo: str
    kept_to_running: Figure
    cheapest: PointPart | None
    along: list[PointPart]
    seen: list[SeenPart]
    other_slos: list[OtherSloPart]
    hours: list[HourPart]
