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
# How far back is looked, in days, and at which step: first the usual window, then wider where that one is empty.
_REACHES = ((DEFAULT_DAYS, 3_600_000), (90.0, 7_200_000), (400.0, 7_200_000))
_TELLS = (device.accelerator_info, nodes.node_info, nodes.node_shape_info, serving.engine_info)
_DAY = 86_400_000
_FINE_MS = 120_000


def extent(api: QueryApi, also: tuple[Matcher, ...], now: int | None = None) -> Window | None:
    """First to last sample of devices, nodes and engines within the last 7 days; when nothing is there, the last
    7 days of what is further back. `now` is unix milliseconds."""
    now = round(time.time() * 1000) if now is None else now
    for days, step in _REACHES:
        try:
            found = _instants(api, _newest("max", also), now - round(days * _DAY), now, step)
        except (TooMuch, Refused):  # a server that does not look back so far has nothing there
            if days == DEFAULT_DAYS:
                raise
            break
        if found:
            # Finer between the outermost instants that saw something and the next ones, which did not.
            after = _instants(api, _newest("max", also), max(found), min(max(found) + step, now), _FINE_MS)
            before = _instants(api, _newest("min", also), min(found) - step, min(found), _FINE_MS)
            last = max((*found.values(), *after.values()))
            first = min((*found.values(), *before.values()))
            return Window.of_seconds(max(first, last - DEFAULT_DAYS * 86_400), last)
    return None


def _instants(api: QueryApi, query: str, start: int, end: int, step: int) -> dict[int, float]:
    """Instant (milliseconds) -> value, where there is one."""
    points = api.range(query, start, end, step)
    return dict(zip(points.at.tolist(), points.values.tolist(), strict=True))


def _newest(which: str, also: tuple[Matcher, ...]) -> str:
    """A query for the time of the newest sample of all names; each by itself, since without their names the series
    of one device are alike, which is an error."""
    parts = (
        f'label_replace({which}(timestamp({Selector.of(name, also).promql})), "of", "{name}", "", "")'
        for name in sorted(set(_presence_names()))
    )
    return f"{which}({' or '.join(parts)})"


def _presence_names() -> Iterator[str]:
    for metric in _TELLS:
        for _, upstream in upstreams_of(metric):
            if upstream.name != "up":  # every Prometheus has it, whatever it scrapes
                yield upstream.name
