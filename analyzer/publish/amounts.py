"""What each cell of a ledger adds to each counter, in whole billionths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from analyzer.ledger.ledger import Ledger
from analyzer.window import CELL
from exporters.canonical import ledger as told
from exporters.metric import Metric

BILLION = 1_000_000_000

Key = tuple[str, ...]  # the metric's name, then the values of its labels in the order of its declaration
Amounts = dict[Key, int]

COUNTERS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        told.accelerator_seconds_total,
        told.dollars_total,
        told.loaded_dollars_total,
        told.tokens_total,
        told.good_tokens_total,
    )
}
_USER = "cluster, namespace, team, workload, model"
_TOKENS = ("prompt", "prompt_cached", "generation")


def cell_amounts(ledger: Ledger) -> dict[int, Amounts]:
    """By the start of each cell of the window, microseconds; a cell in which nothing was paid adds nothing."""
    found: dict[int, Amounts] = {cell: {} for cell in range(ledger.window.start, ledger.window.end, CELL)}
    db = ledger.inputs.db
    db.register("ledger_rows", ledger.rows)
    for metric, query in _queries():
        sums: dict[tuple[int, Key], float] = defaultdict(float)
        for cell, *values, amount in db.execute(query).fetchall():
            sums[cell, (metric.name, *values)] += amount
        for (cell, key), amount in sums.items():
            found[cell][key] = round(amount * BILLION)
    return found


def _queries() -> Iterator[tuple[Metric, str]]:
    bought = f"{_USER}, instance_type, capacity_type, nodepool, state"
    yield (
        told.accelerator_seconds_total,
        f"SELECT epoch_us(start), {bought}, sum(seconds) FROM ledger_rows GROUP BY ALL",
    )
    yield (
        told.dollars_total,
        f"SELECT epoch_us(start), {bought}, price_basis, sum(dollars) FROM ledger_rows WHERE dollars IS NOT NULL"
        " GROUP BY ALL",
    )
    yield told.loaded_dollars_total, _LOADED
    for kind in _TOKENS:
        yield told.tokens_total, _grown(f"{kind}_grown", f"{kind}_series", f"'{kind}'", "g.amount")
    for bound in ("low", "high"):
        share = f"g.amount * coalesce(q.{bound}, b.{bound})"
        yield told.good_tokens_total, _grown("generation_grown", "generation_series", f"'{bound}'", share)


# Spread cell by cell: the share of a user is what it held while it was there.
_LOADED = f"""
    WITH spread AS (
        SELECT start, instance_type,
            sum(dollars) FILTER (pod = '') / nullif(sum(seconds) FILTER (pod <> ''), 0) AS extra_per_second
        FROM ledger_rows GROUP BY ALL
    )
    SELECT epoch_us(start), {_USER}, price_basis, sum(dollars + seconds * coalesce(extra_per_second, 0))
    FROM ledger_rows JOIN spread USING (start, instance_type)
    WHERE pod <> '' AND dollars IS NOT NULL GROUP BY ALL
"""


def _grown(table: str, series: str, label: str, amount: str) -> str:
    return f"""
        SELECT g.cell, p.cluster, p.namespace, w.team, w.workload, s.model, {label}, sum({amount})
        FROM {table} AS g JOIN {series} AS s USING (series)
        JOIN pod AS p ON p.pod = g.pod JOIN pod_row AS w ON w.pod = g.pod
        JOIN pod_group AS m ON m.pod = g.pod CROSS JOIN no_news AS b
        LEFT JOIN group_good AS q ON q.serving_group = m.serving_group AND q.cell = g.cell
        GROUP BY ALL
    """
