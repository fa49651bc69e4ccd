"""Refuses to count from what Thanos has thinned out: it drops raw samples after a while and keeps a few an hour."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.stores.prometheus.flavour import THANOS_PARAMETERS
from analyzer.stores.prometheus.query_api import QueryApi
from analyzer.stores.prometheus.selector import Matcher, Operator, Selector
from analyzer.stores.prometheus.server import Server
from analyzer.stores.prometheus.wanted import Wanted
from analyzer.window import rfc3339
from exporters.metric import Kind
from exporters.source import SourceFailed

_LOOK_MS = 3_600_000
# Thinned samples are told of for up to two hours after the last of them: only a longer silence of the raw ones counts.
_SILENCE_MS = 3 * _LOOK_MS


def check_raw(server: Server, wanted: Sequence[Wanted]) -> None:
    """Raises where a part of the window, the margins before it aside, has thinned samples and no raw ones."""
    names = "|".join(one.name for one in wanted if one.kind is not Kind.HISTOGRAM)
    if not names:
        return
    query = f"count({Selector((Matcher('__name__', Operator.MATCHES, names),)).promql})"
    start, end = max(one.start for one in wanted) + _LOOK_MS, max(one.end for one in wanted)
    raw = _seen(server, "0s", query, start - _SILENCE_MS, end)
    looks = range(-(-start // _LOOK_MS) * _LOOK_MS, end + 1, _LOOK_MS)
    silent = {at for at in looks if not any(at - back in raw for back in range(0, _SILENCE_MS + 1, _LOOK_MS))}
    thinned = silent & _seen(server, "1h", query, start, end) if silent else set()
    if thinned:
        raise SourceFailed(_said(server.shown, min((at for at in raw if at > max(thinned)), default=0)))


def _seen(server: Server, resolution: str, query: str, start: int, end: int) -> set[int]:
    """The hours at which a series is there in samples at most so coarse."""
    parameters = {**dict(THANOS_PARAMETERS), "max_source_resolution": resolution}
    api = QueryApi(server, tuple(parameters.items()))
    return set(api.range(query, start, end, _LOOK_MS).at.tolist())


def _said(shown: str, since: int) -> str:
    why = "tokens and seconds are counted from raw samples"
    if not since:
        return f"{shown} has only downsampled data of this window, and {why}: choose a later window"
    at = rfc3339(since * 1000)
    return f"{shown} has only downsampled data before {at}, and {why}: give --start {at}"
