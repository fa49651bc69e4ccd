"""The report's centre: utilization against tokens per dollar, by model, instance type and engine settings."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa

from analyzer.correlation.cells import Subject
from analyzer.correlation.estimate import Correlation, Estimate
from analyzer.correlation.verdict import verdicts
from analyzer.correlation.yields import Yield, yields_of
from analyzer.operating_points.counted import LATENCIES
from analyzer.operating_points.latency import quantile_bounds
from analyzer.report.figure import Figure
from analyzer.report.yield_parts import CorrelationPart, LatencyBounds, YieldCell, YieldPart

_SHARES = (0.5, 0.95)
_MOST_CELLS = 100  # of one yield, evenly over the window: what a scatter plot shows
_DEVICE, _ENGINE = "device exporter", "engine's counters against dense 16-bit peaks"


def yields(points: pa.Table) -> list[YieldPart]:
    """The largest first."""
    samples = _samples(points)
    return [_part(one, samples.get(one.subject, [])) for one in yields_of(points)]


def _samples(points: pa.Table) -> dict[Subject, list[YieldCell]]:
    """A few points of each subject, evenly over time."""
    rows: dict[Subject, list[int]] = {}
    for row, key in enumerate(zip(*(points[name].to_pylist() for name in Subject._fields), strict=True)):
        rows.setdefault(Subject(*key), []).append(row)
    found = {}
    for subject, mine in rows.items():
        step = max(1, math.ceil(len(mine) / _MOST_CELLS))
        found[subject] = [_cell(cell) for cell in points.take(sorted(mine)[::step]).to_pylist()]
    return found


def _cell(cell: dict[str, Any]) -> YieldCell:
    seconds, replicas = cell["seconds"], cell["replicas"]
    return YieldCell(
        cell["start"].isoformat().replace("+00:00", "Z"),
        cell["workload"],
        replicas,
        cell["running"] / replicas,
        cell["generated_tokens"] / seconds,
        None if cell["dollars"] is None else cell["dollars"] / seconds,
        cell["busy"],
        cell["effective"],
        [bounds for name in LATENCIES if cell[name] for bounds in _bounds(name, cell[name])],
    )


def _bounds(quantity: str, buckets: list[dict[str, float]]) -> list[LatencyBounds]:
    rising = [(bucket["le"], bucket["count"]) for bucket in buckets]
    return [
        LatencyBounds(quantity, share, found.low, found.high if math.isfinite(found.high) else None)
        for share in _SHARES
        if (found := quantile_bounds(rising, share)) is not None
    ]


def _part(one: Yield, cells: list[YieldCell]) -> YieldPart:
    return YieldPart(
        **one.subject._asdict(),
        points=one.points,
        point_seconds=one.point_seconds,
        replicas=one.replicas,
        accelerators=one.accelerators,
        engine_counters=one.counters,
        per=one.per,
        tokens_per=Figure(one.tokens_per, 1.0, [one.subject.engine]),
        running_per_replica=_figure(one.running, [one.subject.engine], one.reason),
        ratios={name: _figure(value, _sources(one, name), one.reason, 1.0) for name, value in one.ratios.items()},
        correlations=[_correlation(one, found) for found in one.correlations],
        verdicts=verdicts(one),
        cells=cells,
    )


def _sources(one: Yield, name: str) -> list[str]:
    if name == "running":
        return [one.subject.engine]
    by_engine = name in ("mfu", "mbu") or (name == "effective" and one.effective_source == "engine")
    return [_ENGINE if by_engine else _DEVICE]


def _correlation(one: Yield, found: Correlation) -> CorrelationPart:
    no_interval = found.reason or "the points do not tell it"
    equal = "this is the load" if found.quantity == "running" else no_interval
    return CorrelationPart(
        found.quantity,
        _figure(found.plain, _sources(one, found.quantity), no_interval),
        _figure(found.at_equal_load, _sources(one, found.quantity), equal),
    )


def _figure(value: Estimate | float | None, sources: list[str], reason: str, most: float = math.inf) -> Figure:
    """With its interval where it has one; `reason` says why there is none, or no value at all."""
    if value is None:
        return Figure(None, 0.0, [], reason=reason)
    if isinstance(value, float):
        return Figure(value, 1.0, sources, reason=reason)
    return Figure(value.value, 1.0, sources, low=value.low, high=min(most, value.high))
