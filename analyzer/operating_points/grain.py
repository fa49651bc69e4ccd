"""How long one operating point is, and how spans of time are cut into such points."""

from __future__ import annotations

from analyzer.ledger.inputs import Inputs
from analyzer.window import CELL_SECONDS, MICROSECONDS

# A rate out of fewer scrapes is mostly the chance of where they fell.
_SCRAPES = 4
# A shorter window has too few cells to say anything; its load (a test, a demonstration) changes faster, too.
_LONG_WINDOW_SECONDS = 4 * 3600
_GRAINS = (5, 10, 15, 20, 30, 50, 60, 100, 150, CELL_SECONDS)  # all divide a cell


def grain_microseconds(inputs: Inputs, wanted_seconds: float | None) -> int:
    """Cells; in a short window the shortest part of a cell that holds four scrapes of every engine."""
    if wanted_seconds is not None:
        return round(wanted_seconds * MICROSECONDS)
    if inputs.window.seconds >= _LONG_WINDOW_SECONDS:
        return CELL_SECONDS * MICROSECONDS
    longest = inputs.db.execute("SELECT coalesce(max(interval_us), 0) FROM running_series").fetchall()[0][0]
    fitting = (grain for grain in _GRAINS if grain * MICROSECONDS >= _SCRAPES * longest)
    return next(fitting, CELL_SECONDS) * MICROSECONDS


def cut(spans: str, grain: int, inputs: Inputs) -> str:
    """Query of `spans` (start_t, end_t, ...) inside the window as one row for each grain that they touch: `grain` is
    where it starts, `part` the microseconds inside it, `length` those of the whole span."""
    start, end = inputs.window.start, inputs.window.end
    return f"""(
        SELECT * EXCLUDE (from_t, to_t), least(to_t, grain + {grain}) - greatest(from_t, grain) AS part,
            end_t - start_t AS length
        FROM (
            SELECT *, unnest(range(from_t // {grain}, (to_t - 1) // {grain} + 1)) * {grain} AS grain
            FROM (SELECT *, greatest(start_t, {start}) AS from_t, least(end_t, {end}) AS to_t FROM ({spans}))
            WHERE to_t > from_t
        )
    )"""
