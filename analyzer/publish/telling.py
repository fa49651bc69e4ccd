"""Makes samples of the totals: what a page shows and sinks are sent."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.publish.amounts import BILLION, COUNTERS, Key
from analyzer.publish.newest import GAUGES, Newest
from analyzer.publish.totals import Totals
from exporters.canonical import publishing
from exporters.canonical.ledger import closed_cell_seconds, dollars_total
from exporters.metric import Metric, Sample


def samples(totals: Totals, newest: Newest, now: float) -> Iterator[Sample]:
    """All that is told, as of now."""
    for key, one in totals.series.items():
        yield _sample(COUNTERS[key[0]], key, one.told / BILLION, now)
    for key, value in newest.items():
        yield _sample(GAUGES[key[0]], key, value, now)
    if totals.closed is not None:
        for cluster in {key[1] for key in totals.series} - {""} or {""}:
            yield closed_cell_seconds.sample(totals.closed / 1e6, now, cluster=cluster)
    yield from _own(totals, now)


def _sample(metric: Metric, key: Key, value: float, now: float) -> Sample:
    return metric.sample(value, now, **dict(zip(metric.labels, key[1:], strict=True)))


def _own(totals: Totals, now: float) -> Iterator[Sample]:
    dollars = [one for key, one in totals.series.items() if key[0] == dollars_total.name]
    held = sum(max(0, one.told - one.amount) for one in dollars)
    waiting = sum(one.amount for one in dollars if one.is_new)
    yield publishing.cells_total.sample(totals.published, now, result="published")
    yield publishing.cells_total.sample(totals.corrected, now, result="corrected")
    yield publishing.cells_total.sample(totals.skipped, now, result="skipped")
    yield publishing.held_back_dollars.sample(held / BILLION, now)
    yield publishing.waiting_dollars.sample(waiting / BILLION, now)
    yield publishing.series.sample(len(totals.series), now)
