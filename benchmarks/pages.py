"""Reading and writing exposition pages, beside prometheus_client in the same run: `python -m benchmarks.pages`.

A page of 10,000 samples with long label sets (2.5 MB) is read again and again, each time with new values, as a target
shows it; rounds are interleaved and medians compared, because ratios hold and seconds do not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from statistics import median
from time import perf_counter

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from rich.console import Console
from rich.table import Table

from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser
from exporters.pages.render import PageRenderer, prefix
from exporters.series import Series

FAMILIES, PER_FAMILY, ROUNDS = 50, 200, 7
LABELS = ("cluster", "node", "namespace", "pod", "container", "device", "model_name")


def fleet() -> list[Series]:
    return [
        Series.of(
            f"gpuyield_metric_{family}",
            [(label, f"{label}-{family:03d}-{row:04d}-0123456") for label in LABELS],
        )
        for family in range(FAMILIES)
        for row in range(PER_FAMILY)
    ]


def values(seed: int, changed: float) -> list[float]:
    """Counters; a share of them differs from one seed to the next."""
    picked = random.Random(seed)
    return [
        picked.uniform(0, 1e6) if picked.random() < changed else float(index) for index in range(FAMILIES * PER_FAMILY)
    ]


def page(series: Iterable[Series], figures: Iterable[float], tail: str = "") -> bytes:
    return "".join(f"{prefix(one)}{figure!r}{tail}\n" for one, figure in zip(series, figures, strict=True)).encode()


class Families(Collector):
    """What a user of prometheus_client writes to serve somebody else's numbers."""

    def __init__(self, samples: list[tuple[Series, float]]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for start in range(0, len(self._samples), PER_FAMILY):
            name = self._samples[start][0].name
            family = GaugeMetricFamily(name, "a metric", labels=sorted(LABELS))
            for series, value in self._samples[start : start + PER_FAMILY]:
                family.add_metric([text for _, text in series.labels], value)
            yield family


def medians(ways: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Seconds by way; the rounds of all ways are interleaved, the first is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            start = perf_counter()
            way(turn)
            taken[name].append(perf_counter() - start)
    return {name: median(seconds[1:]) for name, seconds in taken.items()}


def reader(pages: list[bytes], parser: PageParser) -> Callable[[int], Page]:
    return lambda turn: parser.parse(pages[turn], 0.0)


def streamer(pages: list[bytes]) -> Callable[[int], Page]:
    parser = PageParser()
    return lambda turn: parser.lines(pages[turn], 0.0)


def show(title: str, seconds: dict[str, float], size: int, count: int) -> None:
    table = Table("way", "ratio", "ms", "MB/s", "samples/s", title=title)
    first = next(iter(seconds.values()))
    for name, taken in seconds.items():
        table.add_row(
            name,
            f"{taken / first:.4f}",
            f"{taken * 1e3:.2f}",
            f"{size / taken / 1e6:,.0f}",
            f"{count / taken:,.0f}",
        )
    Console(width=100).print(table)


def main() -> None:
    series = fleet()
    count = len(series)
    half = [page(series, values(turn, 0.5)) for turn in range(ROUNDS + 1)]
    all_new = [page(series, values(turn, 1.0)) for turn in range(ROUNDS + 1)]
    stamped = [page(series, values(turn, 1.0), " 1795359561533") for turn in range(ROUNDS + 1)]
    exemplars = [page(series, values(turn, 1.0), ' # {trace_id="abcdef"} 0.5 1795359561.5') for turn in range(8)]
    reading: dict[str, Callable[[int], object]] = {
        "prometheus_client text parser": lambda turn: list(text_string_to_metric_families(half[turn].decode())),
        "first scrape (nothing known)": lambda turn: PageParser().parse(half[turn], 0.0),
        "repeated, half of the values new": reader(half, PageParser()),
        "repeated, all values new": reader(all_new, PageParser()),
        "repeated, with timestamps": reader(stamped, PageParser()),
        "repeated, with exemplars": reader(exemplars, PageParser()),
        "lines() with timestamps": streamer(stamped),
    }
    show(f"reading {count:,} samples, {len(half[0]) / 1e6:.1f} MB", medians(reading), len(half[0]), count)

    samples = [list(zip(series, values(turn, 0.5), strict=True)) for turn in range(ROUNDS + 1)]
    registries = [CollectorRegistry() for _ in samples]
    for registry, one in zip(registries, samples, strict=True):
        registry.register(Families(one))
    types = {one.name: "gauge" for one in series}
    helps = {one.name: "a metric" for one in series}
    renderer = PageRenderer()
    writing: dict[str, Callable[[int], object]] = {
        "prometheus_client generate_latest": lambda turn: generate_latest(registries[turn]),
        "first page": lambda turn: PageRenderer().render(samples[turn], types, helps),
        "repeated, text": lambda turn: renderer.render(samples[turn], types, helps),
        "repeated, OpenMetrics": lambda turn: renderer.render(samples[turn], types, helps, Format.OPENMETRICS),
    }
    show(f"writing {count:,} samples", medians(writing), len(half[0]), count)


if __name__ == "__main__":
    main()
