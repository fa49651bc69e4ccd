"""The canonical metrics themselves: names, units, and a page of them that Prometheus's own checker takes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from exporters.canonical import device, efa, neuron, nodes, pods, prices, serving, targets
from exporters.metric import Kind, Metric, Unit
from exporters.pages.parser import Format
from exporters.pages.render import PageRenderer
from exporters.series import Series
from exporters.upstream import families, upstreams_of

CANONICAL = [
    value
    for module in (device, nodes, pods, prices, serving, targets, neuron, efa)
    for value in vars(module).values()
    if isinstance(value, Metric)
] + list(efa.KNOWN.values())


def test_no_two_metrics_have_one_name() -> None:
    names = [metric.name for metric in CANONICAL]
    assert len(names) == len(set(names))


def test_a_metric_refuses_labels_that_it_did_not_declare() -> None:
    with pytest.raises(ValueError, match="unknown labels"):
        device.busy_ratio.sample(0.5, 0, uuid="GPU-1", mig="", pod="x")
    with pytest.raises(ValueError, match="missing labels"):
        device.busy_ratio.sample(0.5, 0, uuid="GPU-1")


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("tokens", Kind.COUNTER, Unit.TOKENS),
        ("tokens_total", Kind.STATE, Unit.TOKENS),
        ("latency", Kind.STATE, Unit.SECONDS),
        ("thing", Kind.INFO, Unit.NONE),
    ],
)
def test_a_name_must_say_what_the_metric_is(name: str, kind: Kind, unit: Unit) -> None:
    with pytest.raises(ValueError, match=name):
        Metric(name, kind, unit, "help")


def test_every_metric_has_an_upstream_that_means_it() -> None:
    assert [metric.name for metric in CANONICAL if not upstreams_of(metric)] == []


def test_every_upstream_means_a_canonical_metric() -> None:
    for family in families().values():
        for upstream in family.upstreams:
            assert upstream.metric in CANONICAL, upstream.name
            assert set(upstream.labels) <= {*upstream.metric.labels, *_SHARED_LABELS}, upstream.name


# One label table may serve all series of a producer; these occur in some of its metrics only.
_SHARED_LABELS = {
    *("uuid", "mig", "mig_profile", "index", "model", "node", "instance", "namespace", "pod", "container"),
    *("exporter_namespace", "exporter_pod", "reason", "owner_name", "accelerators", "accelerator_model"),
    "target_node",
}


def test_prometheus_takes_a_page_of_our_metrics() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    gauges = [metric for metric in CANONICAL if metric.kind in (Kind.AVERAGE, Kind.STATE)]
    samples = [(Series.of(one.full_name, [(label, 'a"\\\n') for label in one.labels]), 1.5) for one in gauges]
    page = PageRenderer().render(
        samples,
        {one.full_name: "gauge" for one in gauges},
        {one.full_name: one.help for one in gauges},
        Format.TEXT,
    )
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
