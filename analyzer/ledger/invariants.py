"""The ledger's own checks, run on every report (DESIGN 6.4): a violated one is an error, never a footnote."""

from __future__ import annotations

import math

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.nodes import Node
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


def check_sum(inputs: Inputs, nodes: list[Node]) -> None:
    """The dollars of all states are the integral of price over lifetimes, each taken on its own."""
    bill = math.fsum(node.price.dollars_per_hour * node.seconds / 3600 for node in nodes if node.price)
    spent = inputs.db.execute(
        """
        SELECT coalesce(fsum(c.seconds * u.parts / u.whole * r.device_dollars_per_hour / 3600), 0)
        FROM cell_split AS c JOIN unit AS u USING (unit) JOIN node_row AS r ON r.node = c.node
        """
    ).fetchall()[0][0]
    if abs(bill - spent) > _RELATIVE * max(bill, 1e-6):
        raise InvariantBroken(
            f"the states add up to ${spent!r}, the bill to ${bill!r}; please report this with the store"
        )
