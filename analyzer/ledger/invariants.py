"""The ledger's own checks, run on every report (DESIGN 6.4): a violated one is an error, never a footnote."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.nodes import Node
from analyzer.ledger.priced import node_cost
from analyzer.ledger.reserved import Unlaunched
from analyzer.pricing.book import Reservation
from analyzer.window import Window
from exporters.source import GpuyieldError

_RELATIVE = 1e-9


class InvariantBroken(GpuyieldError):
    """The ledger contradicts itself: a fault of gpuyield, not of the data."""

    exit_code = 4


def check_cover(inputs: Inputs) -> None:
    """The segments of each unit are disjoint and cover its paid lifetime exactly, to the microsecond."""
    wrong = inputs.db.execute(
        """
        WITH covered AS (
            SELECT unit, min(start_t) AS first, max(end_t) AS last, sum(end_t - start_t) AS long
            FROM segment GROUP BY unit
        )
        SELECT l.unit, l.start_t, l.end_t, c.first, c.last, c.long FROM life AS l LEFT JOIN covered AS c USING (unit)
        WHERE c.unit IS NULL OR c.first <> l.start_t OR c.last <> l.end_t OR c.long <> l.end_t - l.start_t
        """
    ).fetchall()
    if wrong:
        raise InvariantBroken(
            f"{len(wrong)} of the ledger's units are not covered exactly by their states, first {wrong[0]};"
            " please report this with the store"
        )


def check_sum(
    inputs: Inputs, rows: pa.Table, nodes: Sequence[Node], idle: Sequence[Unlaunched], window: Window
) -> None:
    """The dollars of all states are the integral of price over lifetimes and over what no node used of reservations,
    each taken on its own. `window` is the time that `idle` was found for."""
    parts = [node_cost(node).dollars or 0.0 for node in nodes]
    parts += [_unused_dollars(one, nodes, window) for one in {one.reservation for one in idle}]
    bill = math.fsum(parts)
    inputs.db.register("ledger_rows", rows)
    spent = inputs.db.execute("SELECT coalesce(fsum(dollars), 0) FROM ledger_rows").fetchall()[0][0]
    if abs(bill - spent) > _RELATIVE * max(bill, 1e-6):
        raise InvariantBroken(
            f"the states add up to ${spent!r}, the bill to ${bill!r}; please report this with the store"
        )


def _unused_dollars(reservation: Reservation, nodes: Sequence[Node], window: Window) -> float:
    """What was reserved less what was used, one change after the other."""
    if reservation.price is None:
        return 0.0
    start, end = max(reservation.start, window.start), min(reservation.end, window.end)
    mine = [stay for node in nodes for stay in node.stays if stay.reservation_id == reservation.id]
    stays = [stay for stay in mine if stay.start < end and stay.end > start]
    changes = [(max(start, stay.start), 1) for stay in stays] + [(min(end, stay.end), -1) for stay in stays]
    used = inside = 0
    last = start
    for at, change in sorted(changes):
        used += min(inside, reservation.count) * (at - last)
        inside, last = inside + change, at
    return reservation.price.dollars_per_hour * (reservation.count * (end - start) - used) / 3_600_000_000
