"""From when to when a server holds anything that the ledger could use."""

from __future__ import annotations

import time
from collections.abc import Iterator

from analyzer.stores.prometheus.errors import Refused, TooMuch
from analyzer.stores.prometheus.query_api import QueryApi
from analyzer.stores.prometheus.selector import Matcher, Selector
from analyzer.window import Window
from exporters.canonical import device, nodes, serving
from exporters.upstream import upstreams_of

DEFAULT_DAYS = 7.0
# How far back is looked, in days, at which step, and whether between the looks too: first the usual window, then wider
# where that one is empty. Where no look saw anything there is little to go over, so looking closely costs little.
_REACHES = (
    (DEFAULT_DAYS, 3_600_000, False),
    (DEFAULT_DAYS, 3_600_000, True),
    (90.0, 7_200_000, False),
    (30.0, 7_200_000, True),  # VictoriaMetrics looks at no more than 30,000 times in one query
    (400.0, 7_200_000, False),
)
_TELLS = (device.accelerator_info, nodes.node_info, nodes.node_shape_info, serving.engine_info)
_DAY = 86_400_000
_FINE_MS = 120_000


def extent(api: QueryApi, also: tuple[Matcher, ...], now: int | None = None) -> Window | None:
    """First to last sample of devices, nodes and engines within the last 7 days; when nothing is there, the last
    7 days of what is further back. `now` is unix milliseconds."""
    now = round(time.time() * 1000) if now is None else now
    for days, step, is_close in _REACHES:
        query = _newest("max", also, step if is_close else 0)
        try:
            found = _instants(api, query, now - round(days * _DAY), now, step)
        except (TooMuch, Refused):  # a server that does not look back so far has nothing there
            if days == DEFAULT_DAYS:
                raise
            break
        if not found:  # a server that was set up a moment ago
            found = _instants(api, query, now // step * step, now, _FINE_MS)
        if found:
            # Finer between the outermost instants that saw something and the next ones, which did not.
            after = _instants(api, _newest("max", also), max(found), min(max(found) + step, now), _FINE_MS)
            before = _instants(api, _newest("min", also), min(found) - step, min(found), _FINE_MS)
            last = max((*found.values(), *after.values()))
            first = min((*found.values(), *before.values()))
            # A sample on a cell's edge opens that cell.
            return Window.of_seconds(max(first, last - DEFAULT_DAYS * 86_400), last + 0.001)
    return None


def _instants(api: QueryApi, query: str, start: int, end: int, step: int) -> dict[int, float]:
    """Instant (milliseconds) -> value, where there is one."""
    points = api.range(query, start, end, step)
    return dict(zip(points.at.tolist(), points.values.tolist(), strict=True))


def _newest(which: str, also: tuple[Matcher, ...], within: int = 0) -> str:
    """A query for the time of the newest sample of all names, also of those that ended up to `within` milliseconds
    ago; each by itself, since without their names the series of one device are alike, which is an error."""
    parts = []
    for name in sorted(set(_presence_names())):
        seen = f"timestamp({Selector.of(name, also).promql})"
        if within:
            seen = f"max_over_time({seen}[{within}ms:{_FINE_MS}ms])"
        parts.append(f'label_replace({which}({seen}), "of", "{name}", "", "")')
    return f"{which}({' or '.join(parts)})"


def _presence_names() -> Iterator[str]:
    for metric in _TELLS:
        for _, upstream in upstreams_of(metric):
            if upstream.name != "up":  # every Prometheus has it, whatever it scrapes
                yield upstream.name
