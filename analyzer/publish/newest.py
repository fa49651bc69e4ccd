"""What is told of the last cell or day alone: states, not sums."""

from __future__ import annotations

from analyzer.ledger.ledger import Ledger
from analyzer.publish.amounts import Key
from analyzer.window import CELL
from exporters.canonical.ledger import coverage_ratio, finding_dollars_per_hour
from exporters.metric import Metric

Newest = dict[Key, float]

GAUGES: dict[str, Metric] = {one.name: one for one in (coverage_ratio, finding_dollars_per_hour)}

_SIGNALS = ("price", "state", "effective")


def newest_cell(ledger: Ledger) -> Newest:
    """Of the last cell of the window, by cluster; a share of nothing is not told."""
    db = ledger.inputs.db
    db.register("ledger_rows", ledger.rows)
    rows = db.execute(
        """
        SELECT cluster, sum(seconds) FILTER (dollars IS NOT NULL) / nullif(sum(seconds), 0),
            sum(seconds) FILTER (state <> 'unknown') / nullif(sum(seconds), 0),
            sum(seconds) FILTER (state LIKE 'active-%' AND state <> 'active-unassessed')
                / nullif(sum(seconds) FILTER (state LIKE 'active-%'), 0),
            count(*) FILTER (state LIKE 'active-%') > 0
        FROM ledger_rows WHERE node <> '' AND epoch_us(start) = ? GROUP BY cluster
        """,
        [ledger.window.end - CELL],
    ).fetchall()
    return {
        (coverage_ratio.name, cluster, signal): share or 0.0
        for cluster, *shares, is_active in rows
        for signal, share in zip(_SIGNALS, shares, strict=True)
        if is_active or signal != "effective"
    }
