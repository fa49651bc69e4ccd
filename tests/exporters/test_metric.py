"""Samples and histograms: what a metric refuses, and the page on which a histogram's parts stand."""

from __future__ import annotations

import math
import random
import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporters.agent.reading import Reading, State
from exporters.agent.snapshot import Snapshot
from exporters.canonical.device import busy_ratio, energy_joules_total
from exporters.canonical.serving import queue_seconds, time_to_first_token_seconds
from exporters.metric import Metric, Part, Sample, bound_text
from exporters.pages.parser import PageParser
from exporters.sinks.prometheus_page import PrometheusPage
from tests.exporters.agent.conftest import SetClock
from tests.exporters.sources.neuron.conftest import Shown

BOUNDS = st.lists(st.floats(1e-6, 1e9), max_size=6, unique=True)
ENGINE = {"namespace": "ml", "pod": "a", "instance": "i", "model": "m", "engine": "0"}


def histogram(metric: Metric, bounds: Sequence[float], **changed: str) -> list[Sample]:
    """One observation in each bucket, and one beyond."""
    labels = ENGINE | changed
    steps = enumerate([*sorted(bounds), math.inf], 1)
    buckets = [metric.part(Part.BUCKET, number, 0, le, **labels) for number, le in steps]
    total = len(bounds) + 1
    return [*buckets, metric.part(Part.SUM, 1.5, 0, **labels), metric.part(Part.COUNT, total, 0, **labels)]


def test_a_histogram_is_told_in_parts_only() -> None:
    with pytest.raises(ValueError, match="told in parts"):
        queue_seconds.sample(1, 0, **ENGINE)
    with pytest.raises(ValueError, match="only a histogram"):
        busy_ratio.part(Part.SUM, 1, 0, uuid="GPU-0", mig="")
    with pytest.raises(ValueError, match="no whole"):
        queue_seconds.part(Part.WHOLE, 1, 0, **ENGINE)


@pytest.mark.parametrize(("part", "le"), [(Part.BUCKET, None), (Part.SUM, 1.0), (Part.COUNT, math.inf)])
def test_a_bucket_and_nothing_else_has_a_bound(part: Part, le: float | None) -> None:
    with pytest.raises(ValueError, match="upper bound"):
        queue_seconds.part(part, 1, 0, le, **ENGINE)


def test_a_part_has_every_declared_label_and_no_other() -> None:
    with pytest.raises(ValueError, match="missing labels"):
        queue_seconds.part(Part.SUM, 1, 0, namespace="ml")
    with pytest.raises(ValueError, match="unknown labels"):
        queue_seconds.part(Part.SUM, 1, 0, None, **ENGINE, node="a")


@pytest.mark.parametrize(("le", "text"), [(math.inf, "+Inf"), (1, "1.0"), (0.25, "0.25"), (1e16, "1e+16")])
def test_bounds_have_one_spelling(le: float, text: str) -> None:
    assert bound_text(le) == text
    assert queue_seconds.part(Part.BUCKET, 1, 0, le, **ENGINE).labels[2] == ("le", text)


@given(BOUNDS, BOUNDS, st.randoms(use_true_random=False))
def test_histograms_stand_together_in_any_order_of_samples(
    first: list[float], second: list[float], chance: random.Random
) -> None:
    samples = [
        *histogram(queue_seconds, first),
        *histogram(queue_seconds, second, engine="1"),
        *histogram(time_to_first_token_seconds, second),
        busy_ratio.sample(0.5, 0, uuid="GPU-0", mig="1"),
    ]
    chance.shuffle(samples)
    page = PrometheusPage(Shown(samples))
    text = page.answer().body.decode()
    assert text.count("# TYPE gpuyield_inference_queue_seconds histogram\n") == 1
    # This reader refuses families and series that do not stand together, and buckets out of order.
    families = text_string_to_metric_families(page.answer("application/openmetrics-text").body.decode())  # type: ignore[no-untyped-call]
    read = {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}
    assert read == {(one.name, one.labels): one.value for one in samples}
    assert {one.name for one in PageParser().parse(text.encode(), 0).series} == {one.name for one in samples}


def test_prometheus_takes_the_page_of_histograms() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    samples = [*histogram(queue_seconds, [0.5, 2, 10]), *histogram(queue_seconds, [0.5], engine="1")]
    page = PrometheusPage(Shown(samples)).answer().body
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_parts_of_one_histogram_are_not_taken_for_doubles() -> None:
    snapshot = Snapshot(SetClock())
    samples = tuple(histogram(queue_seconds, [1.0, 2.0]))
    snapshot.put("a", Reading(0, State.UP, samples, 0.0))
    snapshot.put("b", Reading(1, State.UP, samples, 0.0))
    shown = [one for one in snapshot.samples() if one.metric is queue_seconds]
    assert shown == list(samples)


def test_a_count_does_not_pass_to_a_later_source_while_the_first_is_silent() -> None:
    """The second one tells of the same meter a little later: the series would seem to start anew."""
    snapshot = Snapshot(SetClock())

    def shown() -> list[float]:
        return [one.value for one in snapshot.samples() if one.metric in (energy_joules_total, busy_ratio)]

    def said(joules: float) -> tuple[Sample, ...]:
        energy = energy_joules_total.sample(joules, 0, uuid="GPU-0")
        return (energy, busy_ratio.sample(0.5, 0, uuid="GPU-0", mig=""))

    snapshot.put("second", Reading(1, State.UP, said(90), 0.0))
    assert shown() == [90, 0.5]
    snapshot.put("first", Reading(0, State.UP, said(100), 0.0))
    assert shown() == [100, 0.5]
    snapshot.put("first", Reading(0, State.FAILED))
    assert shown() == [0.5]
    snapshot.forget("first")
    assert shown() == [90, 0.5]
