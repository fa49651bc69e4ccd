"""What a reading will cost the server, estimated before it starts: samples, and dollars where each one is billed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.stores.prometheus.query_api import QueryApi
from analyzer.stores.prometheus.wanted import Wanted

PROBE_SECONDS = 300
_PROBES = 12
_NAMES_PER_QUERY = 40
# Amazon Managed Service for Prometheus, query samples processed, list price (seen 2026-11).
AMAZON_DOLLARS_PER_SAMPLE = 0.10 / 1e9
# How much coarser averages and states may be read: still several samples in each five-minute cell.
GAUGE_STEPS_SECONDS = (60, 120)


@dataclass(frozen=True, slots=True)
class Rate:
    """How much there is of one name: mean series at a time, samples per second over all of them, as a mean and in
    the look that saw most."""

    series: float
    samples_per_second: float
    most_samples_per_second: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Samples by name. `gauge_step_seconds` is 0 where everything is read as it was scraped. `billed_samples`: Amazon
    bills each sample that a query goes over, also where few of them come out; 0 where nobody bills."""

    samples: dict[str, float]
    gauge_step_seconds: int = 0
    billed_samples: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.samples.values())

    def __str__(self) -> str:
        text = f"Reading about {_readable(self.total)} samples of {len(self.samples)} metrics"
        if self.gauge_step_seconds:
            text += f" (averages and states every {self.gauge_step_seconds} s)"
        if self.billed_samples:
            text += f"; Amazon bills about ${self.billed_samples * AMAZON_DOLLARS_PER_SAMPLE:.4f} for it"
        return text


def _readable(samples: float) -> str:
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if samples >= size:
            return f"{samples / size:.3g} {name}"
    return f"{samples:,.0f}"


def rates(api: QueryApi, wanted: Sequence[Wanted]) -> dict[str, Rate]:
    """Rates by name, from a few five-minute looks spread over the span; names of which nothing is seen are at 0."""
    found: dict[str, Rate] = {}
    for group in _batches(wanted, _NAMES_PER_QUERY):
        start, end = group[0].start, group[0].end
        looks = [end - (end - start) * number // _PROBES for number in range(_PROBES)]
        counted: dict[tuple[str, str], list[float]] = {}
        for at in looks:
            for labels, value in api.instant(_census(group), at):
                counted.setdefault((labels["of"], labels["of_name"]), []).append(value)
        for one in group:
            series, samples = (counted.get((of, one.name), [0.0]) for of in ("series", "samples"))
            mean = sum(samples) / len(looks) / PROBE_SECONDS
            found[one.name] = Rate(sum(series) / len(looks), mean, max(samples) / PROBE_SECONDS)
    return found


def _batches(wanted: Sequence[Wanted], size: int) -> Iterator[Sequence[Wanted]]:
    """A few names of one span at a time: looks at another span would tell of times that are not read."""
    for span in sorted({(one.start, one.end) for one in wanted}):
        alike = [one for one in wanted if (one.start, one.end) == span]
        yield from (alike[first : first + size] for first in range(0, len(alike), size))


def _census(group: Sequence[Wanted]) -> str:
    """One query that counts series and samples of many names."""
    parts = []
    for one in group:
        counted = f"count_over_time({one.selector.promql}[{PROBE_SECONDS}s])"
        for how, of in (("count", "series"), ("sum", "samples")):
            named = f'label_replace({how}({counted}), "of_name", "{one.name}", "", "")'
            parts.append(f'label_replace({named}, "of", "{of}", "", "")')
    return " or ".join(parts)


def estimate(
    wanted: Sequence[Wanted], seen: dict[str, Rate], gauge_step_seconds: int = 0, is_billed: bool = False
) -> Estimate:
    """Samples to be read, with averages and states at most one per step and series."""
    samples = {one.name: _samples(one, seen[one.name], gauge_step_seconds) for one in wanted}
    billed = sum(_samples(one, seen[one.name], 0) for one in wanted) if is_billed else 0.0
    return Estimate(samples, gauge_step_seconds, billed)


def _samples(one: Wanted, rate: Rate, gauge_step_seconds: int) -> float:
    long = (one.end - one.start) / 1000
    every = rate.samples_per_second * long
    if not gauge_step_seconds or one.is_count:
        return every
    return min(every, rate.series * long / gauge_step_seconds)


def affordable(wanted: Sequence[Wanted], seen: dict[str, Rate], limit: float, is_billed: bool) -> Estimate:
    """The finest reading under the limit; the coarsest where none is."""
    for step in (0, *GAUGE_STEPS_SECONDS):
        found = estimate(wanted, seen, step, is_billed)
        if found.total <= limit:
            break
    return found
