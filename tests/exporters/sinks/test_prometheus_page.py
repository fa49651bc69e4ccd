"""The page: families stand together, checkers take it, and it is made once for each change."""

from __future__ import annotations

import gzip
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporters.canonical import device, telemetry
from exporters.metric import Kind, Metric, Sample
from exporters.sinks.prometheus_page import PrometheusPage

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


class Shown:
    """Samples that a test puts in."""

    def __init__(self, *samples: Sample) -> None:
        self.version = 0
        self.all = list(samples)
        self.asked = 0

    def samples(self) -> list[Sample]:
        self.asked += 1
        return self.all


def every_metric() -> list[Sample]:
    """Two samples of every metric of devices and of the agent, the devices one after the other."""
    metrics = [
        one
        for module in (device, telemetry)
        for one in vars(module).values()
        if isinstance(one, Metric) and one.kind is not Kind.HISTOGRAM
    ]
    return [
        metric.sample(1, 0, **dict.fromkeys(metric.labels, f'{uuid} "\\\n'))
        for uuid in ("GPU-0", "GPU-1")
        for metric in metrics
    ]


def test_promtool_takes_the_page() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    page = PrometheusPage(Shown(*every_metric())).answer().body
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_openmetrics_page_is_whole_and_says_the_same() -> None:
    page = PrometheusPage(Shown(*every_metric()))
    read = [
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(page.answer(OPENMETRICS).body.decode())  # type: ignore[no-untyped-call]
        for sample in family.samples
    ]
    assert sorted(read) == sorted((one.metric.full_name, one.labels, one.value) for one in every_metric())


def test_empty_labels_and_metrics_without_samples_are_left_out() -> None:
    page = PrometheusPage(Shown(device.busy_ratio.sample(0.5, 0, uuid="GPU-0", mig="")))
    assert page.answer().body.decode() == (
        f"# HELP gpuyield_accelerator_busy_ratio {device.busy_ratio.help}\n"
        "# TYPE gpuyield_accelerator_busy_ratio gauge\n"
        'gpuyield_accelerator_busy_ratio{uuid="GPU-0"} 0.5\n'
    )


def test_nothing_known_is_an_empty_page() -> None:
    page = PrometheusPage(Shown())
    assert page.answer().body == b""
    assert page.answer(OPENMETRICS).body == b"# EOF\n"


def test_gzip_is_the_same_page() -> None:
    page = PrometheusPage(Shown(*every_metric()))
    packed = page.answer(OPENMETRICS, "gzip")
    assert packed.is_gzip
    assert gzip.decompress(packed.body) == page.answer(OPENMETRICS).body


def test_samples_are_asked_for_once_until_they_change() -> None:
    shown = Shown(*every_metric())
    page = PrometheusPage(shown)
    first = [page.answer(), page.answer(OPENMETRICS), page.answer("", "gzip"), page.answer()]
    assert shown.asked == 1
    assert first[0].body is first[3].body
    shown.all, shown.version = shown.all[:1], 1
    assert len(page.answer().body) < len(first[0].body)
    assert shown.asked == 2
