"""Pages over real HTTP, and whole golden pages. GPUYIELD_WRITE_GOLDEN=1 writes the golden ones anew."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporters.canonical import serving
from exporters.metric import Part, Sample
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.source import Source, SourceAbsent, SourceFailed
from exporters.sources.pages import make_roster
from tests.exporters.recording.conftest import FakeTarget
from tests.exporters.sources.neuron.conftest import Shown
from tests.exporters.sources.pages.conftest import DCGM, VLLM, Served, Settings, in_order, read

GOLDEN = Path(__file__).resolve().parents[3] / "golden"


@contextmanager
def only(settings: Settings) -> Iterator[Source]:
    """The one source of these settings."""
    roster = make_roster(settings)
    (source,) = roster.sources().values()
    yield source
    roster.close()


def test_the_page_is_read_and_the_fragment_is_not_sent(served: Served, settings: Callable[..., Settings]) -> None:
    served.body = VLLM.read_bytes()
    with only(settings(served.url("namespace=ml&pod=llama-0"))) as source:
        samples = list(source.read())
        assert in_order(source.read()) == in_order(samples)
    assert served.paths == ["/metrics", "/metrics"]
    running = next(one for one in samples if one.metric is serving.requests_running)
    port = served.place.partition(":")[2]
    assert dict(running.labels) | {"namespace": "ml", "pod": "llama-0", "instance": f"node-a:{port}"} == dict(
        running.labels
    )
    assert {one.metric for one in samples} <= set(source.metrics)


def test_a_restart_of_the_engine_is_a_fall_of_its_counters(served: Served, settings: Callable[..., Settings]) -> None:
    with only(settings(served.url())) as source:
        told = []
        for tokens in (500, 900, 7):
            served.body = f'vllm:generation_tokens_total{{model_name="m"}} {tokens}\n'.encode()
            told += [one.value for one in source.read()]
    assert told == [500, 900, 7]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/500", "status 500"),
        ("/html", "content type 'text/html"),
        ("/cut", "complete message"),
        ("/cut-gzip", "cut gzip"),
        ("/bomb", "more than 4,194,304 bytes"),
        ("/no-eof", "a cut page"),
        ("/metrics", "none of its 2 series is known"),
    ],
)
def test_a_page_that_is_none_costs_only_itself(
    target: FakeTarget, settings: Callable[..., Settings], path: str, why: str
) -> None:
    with only(settings(target.url(path))) as source, pytest.raises(SourceFailed, match=why) as error:
        source.read()
    assert target.place not in str(error.value)


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_page_that_hangs_fails_after_an_interval(
    target: FakeTarget, settings: Callable[..., Settings], path: str
) -> None:
    with (
        only(settings(target.url(path), interval_seconds=0.2)) as source,
        pytest.raises(SourceFailed, match=r"no whole answer within 0\.2 s"),
    ):
        source.read()


def test_html_that_calls_itself_text_is_no_page(served: Served, settings: Callable[..., Settings]) -> None:
    served.body = b"<!doctype html>\n<html><body>Sign in</body></html>\n"
    with only(settings(served.url())) as source, pytest.raises(SourceFailed, match="none of its 0 series"):
        source.read()


def test_nobody_at_home_is_a_failure_and_comes_back(served: Served, settings: Callable[..., Settings]) -> None:
    with only(settings("http://127.0.0.1:1/metrics")) as source, pytest.raises(SourceFailed):
        source.read()
    with only(settings(served.url())) as source:
        with pytest.raises(SourceFailed):
            source.read()
        served.body = DCGM.encode()
        assert list(source.read())


def test_no_page_is_absent_and_each_page_is_a_source_that_stays(settings: Callable[..., Settings]) -> None:
    with pytest.raises(SourceAbsent, match="--pages"):
        make_roster(settings()).sources()
    roster = make_roster(settings("http://127.0.0.1:9400/metrics", "http://127.0.0.1:8000/metrics"))
    before = roster.sources()
    assert list(before) == ["pages/127.0.0.1:9400", "pages/127.0.0.1:8000"]
    assert roster.sources() == before
    roster.close()


def check_golden(name: str, samples: Iterable[Sample]) -> None:
    """The page is the golden one; Prometheus's checker and the reference reader of OpenMetrics take it."""
    shown = list(samples)
    page = PrometheusPage(Shown(shown))
    path = GOLDEN / f"{name}.prom"
    if os.environ.get("GPUYIELD_WRITE_GOLDEN"):
        path.write_bytes(page.answer().body)
    assert page.answer().body.decode() == path.read_text()
    openmetrics = page.answer("application/openmetrics-text").body.decode()
    families = list(text_string_to_metric_families(openmetrics))  # type: ignore[no-untyped-call]
    assert sum(len(family.samples) for family in families) == len(shown)
    if promtool := shutil.which("promtool"):
        body = page.answer().body
        done = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_golden_page_of_dcgm() -> None:
    check_golden("pages-dcgm", read(DCGM).samples)


def test_golden_page_of_vllm() -> None:
    samples = read(VLLM.read_bytes(), "namespace=ml&pod=llama-0").samples
    check_golden("pages-vllm", samples)
    counts = {one.name for one in samples if one.part is Part.COUNT}
    assert len(counts) == 8
