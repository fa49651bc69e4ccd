"""Finds which raw series answer for a canonical metric, and in which order they are believed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from exporters.metric import Metric
from exporters.upstream import upstreams_of
from exporters.upstream.declaration import Upstream

# What tells two scrapes of one thing apart: an HA pair of Prometheus, two scrape jobs, an exporter that moved.
_STREAM_LABELS = ("job", "instance", "prometheus", "prometheus_replica", "replica", "__replica__")


@dataclass(frozen=True, slots=True)
class RawSeries:
    """A series as the store has it: its key, its labels, and when it was seen in the window (microseconds)."""

    key: int
    name: str
    labels: Mapping[str, str]
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """`mapping`: raw, series, priority, scale, below, one. `series`: the frame's series table but the interval."""

    mapping: pa.Table
    series: pa.Table
    names: tuple[str, ...]
    deepest: int  # largest priority: 0 when no two streams tell of one thing


_MAPPING_SCHEMA = pa.schema(
    [
        ("raw", pa.int64()),
        ("series", pa.int32()),
        ("priority", pa.int32()),
        ("scale", pa.float64()),
        ("below", pa.float64()),
        ("one", pa.bool_()),
    ]
)


def series_name(upstream: Upstream, part: str) -> str:
    """The name on the page: histograms have three."""
    return f"{upstream.name}_{part}" if part else upstream.name


def resolve(metric: Metric, part: str, raw_by_name: Mapping[str, Iterable[RawSeries]]) -> Resolved:
    """The raw series that mean `metric`, grouped to one identity by their canonical labels."""
    labels = (*metric.labels, *(("le",) if part == "bucket" else ()))
    identities: dict[tuple[str, ...], list[tuple[Upstream, str, RawSeries]]] = {}
    for producer, upstream in upstreams_of(metric):
        for raw in raw_by_name.get(series_name(upstream, part), ()):
            if upstream.accepts(raw.labels):
                read = upstream.canonical_labels(raw.labels)
                identity = (read["cluster"], *(read[label] for label in metric.labels))
                if part == "bucket":
                    identity = (*identity, _bound(raw.labels.get("le", "")))
                identities.setdefault(identity, []).append((upstream, producer, raw))
    rows: list[tuple[int, int, int, float, float | None, bool]] = []
    columns: dict[str, list[str]] = {name: [] for name in ("cluster", *labels, "upstream", "producer")}
    deepest = 0
    for number, (identity, members) in enumerate(sorted(identities.items())):
        members.sort(key=lambda member: member[0].rank)
        kept = _believed(members)
        for priority, upstream, raw in kept:
            rows.append((raw.key, number, priority, upstream.scale, upstream.below, upstream.as_one))
            deepest = max(deepest, priority)
        for name, value in zip(("cluster", *labels), identity, strict=False):
            columns[name].append(value)
        columns["upstream"].append(series_name(members[0][0], part))
        columns["producer"].append(members[0][1])
    mapping = pa.table(
        {name: [row[place] for row in rows] for place, name in enumerate(_MAPPING_SCHEMA.names)}, _MAPPING_SCHEMA
    )
    series = pa.table(
        {
            "series": pa.array(range(len(identities)), pa.int32()),
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
        }
    )
    names = {series_name(upstream, part) for members in identities.values() for upstream, _, _ in members}
    return Resolved(mapping, series, tuple(sorted(names)), deepest)


def _bound(le: str) -> str:
    """A bucket's bound in one spelling: Prometheus 3 and OpenMetrics write 1.0 where Prometheus 2 kept a page's 1."""
    try:
        return "+Inf" if math.isinf(float(le)) else repr(float(le))
    except ValueError:
        return le


def _believed(members: list[tuple[Upstream, str, RawSeries]]) -> list[tuple[int, Upstream, RawSeries]]:
    """Streams of one identity in the order in which they are believed, those that add nothing left out.

    A better name wins over an older one, then the stream with more samples. A stream whose whole life lies inside a
    better one's is dropped here; the others fill its gaps later.
    """
    streams: dict[tuple[int, tuple[str, ...]], list[tuple[Upstream, RawSeries]]] = {}
    for upstream, _, raw in members:
        stream = tuple(raw.labels.get(label, "") for label in _STREAM_LABELS)
        streams.setdefault((upstream.rank, stream), []).append((upstream, raw))
    order = sorted(streams.items(), key=lambda item: (item[0][0], -sum(raw.count for _, raw in item[1]), item[0][1]))
    kept: list[tuple[int, Upstream, RawSeries]] = []
    spans: list[tuple[int, int]] = []
    for (rank, _), rows in order:
        first, last = min(raw.first for _, raw in rows), max(raw.last for _, raw in rows)
        is_older_name = rank > order[0][0][0]
        if is_older_name and any(start <= first and last <= end for start, end in spans):
            continue
        kept.extend((len(spans), upstream, raw) for upstream, raw in rows)
        spans.append((first, last))
    return kept
