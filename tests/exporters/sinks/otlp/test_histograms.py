"""Prometheus' buckets as OpenTelemetry's."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical.serving import queue_seconds
from exporters.metric import Part, Sample
from exporters.sinks.otlp.histograms import gathered, histogram_of, samples_in

LABELS = {"namespace": "n", "pod": "p", "instance": "i", "model": "m", "engine": "0"}


def parts(counts: list[int], total: float = 2.5, at: float = 10.0, **changed: str) -> list[Sample]:
    """Buckets with these counts of their own, the last one without a bound."""
    labels = LABELS | changed
    bounds = [*(float(place) for place in range(1, len(counts))), math.inf]
    told = [
        queue_seconds.part(Part.BUCKET, sum(counts[: place + 1]), at, bound, **labels)
        for place, bound in enumerate(bounds)
    ]
    told.append(queue_seconds.part(Part.SUM, total, at, **labels))
    told.append(queue_seconds.part(Part.COUNT, sum(counts), at, **labels))
    return told


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.randoms())
def test_each_bucket_gets_its_own_count_in_whatever_order_they_come(counts: list[int], chance: object) -> None:
    told = parts(counts)
    chance.shuffle(told)  # type: ignore[attr-defined]
    histogram = histogram_of(told)
    assert histogram is not None
    assert histogram.counts == counts
    assert histogram.bounds == tuple(float(place) for place in range(1, len(counts)))
    assert samples_in(len(histogram.counts)) == len(told)


def test_a_histogram_that_lacks_a_part_or_contradicts_itself_is_none() -> None:
    whole = parts([1, 2, 3])
    assert histogram_of(whole) is not None
    for place in (2, 3, 4):  # the bucket without a bound, the sum, the count
        assert histogram_of([one for number, one in enumerate(whole) if number != place]) is None
    assert histogram_of([*whole, whole[0]]) is None
    torn = [queue_seconds.part(Part.BUCKET, 9, 10.0, 0.5, **LABELS), *whole]
    assert histogram_of(torn) is None
    assert histogram_of(parts([1, 2], total=math.inf)) is None


def test_histograms_are_kept_apart_by_labels_and_time() -> None:
    samples = [*parts([1, 2]), *parts([3, 4], pod="q"), *parts([5, 6], at=20.0)]
    found = gathered(samples)
    assert [(dict(one.labels)["pod"], one.at) for one in found] == [("p", 10.0), ("q", 10.0), ("p", 20.0)]
    assert [len(one) for one in found.values()] == [4, 4, 4]
