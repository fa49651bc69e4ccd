"""Who has a curve of its own: one workload's model on one instance type, set one way, and its points over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ledger.ledger import Ledger
from analyzer.operating_points.points import points_of
from analyzer.window import CELL_SECONDS

# How it was paid changes no throughput: capacity types share a curve.
KEY = ("cluster", "namespace", "workload", "model", "engine", "instance_type", "settings")
_LONG_WINDOW_SECONDS = 4 * 3600
_GRAINS = (5, 10, 15, 20, 30, 60, 100, 150, CELL_SECONDS)  # all divide a cell


@dataclass(frozen=True, slots=True)
class Subject:
    """Who, and its operating points in order of time."""

    cluster: str
    namespace: str
    workload: str
    model: str
    engine: str
    instance_type: str
    settings: str
    points: pa.Table


def subjects(ledger: Ledger, model: str | None = None) -> Iterator[Subject]:
    """All that served in the window, or what serves one model."""
    points = points_of(ledger, curve_grain_seconds(ledger))
    for name in KEY:
        points = points.set_column(points.schema.get_field_index(name), name, pc.fill_null(points[name], ""))
    for who in sorted({tuple(row.values()) for row in points.select(KEY).group_by(KEY).aggregate([]).to_pylist()}):
        if model is None or who[KEY.index("model")] == model:
            yield Subject(**dict(zip(KEY, who, strict=True)), points=_of(points, who))


def _of(points: pa.Table, who: tuple[str, ...]) -> pa.Table:
    mask = pc.equal(points[KEY[0]], who[0])
    for name, value in zip(KEY[1:], who[1:], strict=True):
        mask = pc.and_(mask, pc.equal(points[name], value))
    return points.filter(mask).sort_by("start")


def curve_grain_seconds(ledger: Ledger) -> float:
    """Cells; in a short window, whose load steps faster, about the time between two scrapes: what was counted between
    them is spread evenly over it, so finer points say no more and coarser ones mix loads."""
    if ledger.window.seconds >= _LONG_WINDOW_SECONDS:
        return CELL_SECONDS
    interval_us = ledger.inputs.db.execute("SELECT coalesce(max(interval_us), 0) FROM running_series").fetchall()[0][0]
    return next((grain for grain in _GRAINS if grain * 1e6 >= 0.99 * interval_us), CELL_SECONDS)
