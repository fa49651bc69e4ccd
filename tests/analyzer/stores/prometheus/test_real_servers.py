"""The same history in a Parquet store, a real Prometheus and a real VictoriaMetrics gives the same report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analyzer.commands.period import parse_time
from analyzer.ledger.ledger import compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.instances import DatedTable
from analyzer.report.build import build_report
from analyzer.slo import parse_slo
from analyzer.stores.frame import Store
from analyzer.stores.parquet import ParquetStore
from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.connect import connect
from analyzer.stores.prometheus.cost import Estimate
from analyzer.stores.prometheus.query_api import RangeSelector
from analyzer.stores.prometheus.selector import Matcher, Operator
from analyzer.stores.prometheus.store import PrometheusStore, Reading
from analyzer.window import Window
from exporters.importing.importer import import_paths
from exporters.simulation.feed import feed_targets
from exporters.simulation.fleet import DEMO_START, demo_fleet
from tests.real_servers import Labels, prometheus, prometheus_binaries, victoria_metrics, write_openmetrics

HOURS = 3
WINDOW = Window.of_seconds(DEMO_START, DEMO_START + HOURS * 3600)
OPTIONS = Options(slo=parse_slo(["ttft=0.5", "tpot=0.05"]))
BINARIES = [pytest.param(binary) for binary in prometheus_binaries()] or [
    pytest.param("", marks=pytest.mark.skip("prometheus is not installed"))
]

Report = dict[str, Any]


def report_of(store: Store, window: Window = WINDOW) -> Report:
    """Every figure of the report, without what names the store."""
    ledger = compute_ledger(store, window, DatedTable(), OPTIONS)
    report = build_report(ledger, [], now=datetime(2026, 11, 24, tzinfo=UTC))
    plain: Report = msgspec.to_builtins(report)
    return plain


def differences(one: Any, other: Any, relative: float, where: str = "") -> Iterator[str]:
    """Where two reports differ by more than a relative part of the figure."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            yield f"{where}: {sorted(one.keys() ^ other.keys())}"
        for key in one.keys() & other.keys():
            yield from differences(one[key], other[key], relative, f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{where}: {len(one)} and {len(other)} entries"
        for place, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from differences(left, right, relative, f"{where}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        if abs(one - other) > relative * max(abs(one), abs(other), 1e-9):
            yield f"{where}: {one!r} and {other!r}"
    elif one != other:
        yield f"{where}: {one!r} and {other!r}"


@dataclass(frozen=True, slots=True)
class World:
    """A history: as a store folder, and what the ledger makes of it."""

    store: Path
    report: Report
    window: Window


def world_of(store: Path, folder: Path, window: Window) -> World:
    """Times in milliseconds and without stale markers, as text can hold it."""
    write_openmetrics(store, folder / "history.om")
    import_paths([folder / "history.om"], folder / "store", {})
    return World(folder / "store", report_of(ParquetStore(folder / "store"), window), window)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("fleet")
    end = DEMO_START + HOURS * 3600
    count = len(demo_fleet(7, DEMO_START, HOURS / 24).targets)
    feed_targets(7, DEMO_START, end, list(range(count)), folder / "fed")
    return world_of(folder / "fed", folder, WINDOW)


@pytest.fixture(scope="module", params=BINARIES)
def server(request: pytest.FixtureRequest, fleet: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(request.param, fleet.store, tmp_path_factory.mktemp("prometheus")) as running:
        yield running.url


@contextmanager
def opened(url: str, reading: Reading | None = None, selectors: bool = False) -> Iterator[PrometheusStore]:
    source = connect(ServerAccess(url))
    if selectors:
        source = replace(source, raw=RangeSelector(source.api))
    with PrometheusStore(source, reading or Reading()) as store:
        yield store


@pytest.mark.parametrize("selectors", [False, True], ids=["remote read", "range selectors"])
def test_a_prometheus_gives_the_report_of_the_parquet_store(fleet: World, server: str, selectors: bool) -> None:
    with opened(server, selectors=selectors) as store:
        assert list(differences(fleet.report, report_of(store), 1e-9)) == []


def test_victoria_metrics_gives_the_report_of_the_parquet_store(fleet: World, tmp_path: Path) -> None:
    with victoria_metrics(fleet.store, tmp_path) as running, opened(running.url) as store:
        assert "export" in store.description
        # It keeps about 12 digits of a value.
        assert list(differences(fleet.report, report_of(store), 1e-9)) == []


def test_what_is_there_is_found_without_being_told_when(fleet: World, server: str) -> None:
    with opened(server) as store:
        extent = store.extent()
    assert extent is not None
    assert abs(extent.start - fleet.window.start) <= 300e6
    assert abs(extent.end - fleet.window.end) <= 300e6


def test_the_estimate_is_near_what_is_read(fleet: World, server: str) -> None:
    told: list[Estimate] = []
    with opened(server, Reading(agree=told.append)) as store:
        report_of(store)
        assert told[0].total == pytest.approx(store.samples, rel=0.5)


def test_what_was_saved_gives_the_same_report_again(fleet: World, server: str, tmp_path: Path) -> None:
    with opened(server, Reading(folder=tmp_path / "kept")) as store:
        first = report_of(store)
    assert list(differences(first, report_of(ParquetStore(tmp_path / "kept")), 1e-12)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_nothing_is_left_when_somebody_says_no(server: str, tmp_path: Path) -> None:
    class No(Exception):
        pass

    def refuse(costs: Estimate) -> None:
        raise No(costs)

    with opened(server, Reading(folder=tmp_path / "kept", agree=refuse)) as store, pytest.raises(No):
        report_of(store)
    assert list(tmp_path.iterdir()) == []


def test_coarser_gauges_leave_the_tokens_as_they_are(fleet: World, server: str) -> None:
    with opened(server, Reading(limit_samples=1.0)) as store:
        report = report_of(store)
        assert store.remarks == [
            "states and averages were read one sample per 120 s, to ask less of the server; counters were read whole"
        ]
    for mine, true in zip(report["models"], fleet.report["models"], strict=True):
        assert mine["tokens"]["generation"]["value"] == true["tokens"]["generation"]["value"]
    assert report["bill"]["dollars"]["value"] == pytest.approx(fleet.report["bill"]["dollars"]["value"], rel=0.02)


# Families of names that a cluster may lack.
LACKS = {
    "kube-state-metrics": "kube_.*",
    "dcgm-exporter": "DCGM_.*",
    "engine pages": "vllm:.*",
    "Karpenter": "karpenter_.*",
    "kube-state-metrics and engine pages": "kube_.*|vllm:.*",
    "dcgm-exporter and engine pages": "DCGM_.*|vllm:.*",
    "everything": ".*",
}


@pytest.mark.parametrize("lacking", LACKS)
def test_a_cluster_that_lacks_something_still_gets_a_report(fleet: World, server: str, lacking: str) -> None:
    without = Matcher("__name__", Operator.MATCHES_NOT, LACKS[lacking])
    with opened(server, Reading(also=(without,))) as store:
        report = report_of(store)
    bill = report["bill"]["dollars"]["value"]
    assert sum(line["dollars"] for line in report["ledger"]) == pytest.approx(bill or 0.0, rel=1e-9)
    states = {line["state"]: line["dollars"] for line in report["ledger"]}
    if lacking == "everything":
        assert bill is None
        assert report["bill"]["dollars"]["reason"]
    else:
        assert bill > 0
    if "engine pages" in lacking and "dcgm" in lacking:
        assert not any(state.startswith("active") for state in states)
        assert states["unknown"] > 0.5 * bill
        assert any(spot["signal"] == "device" for spot in report["blind_spots"])
    if lacking == "Karpenter":
        true = fleet.report["bill"]["dollars"]["value"]
        assert bill == pytest.approx(true, rel=1e-9)
    if "engine pages" in lacking:
        assert report["models"] == []


def test_devices_without_pod_labels_are_still_held(fleet: World, tmp_path: Path) -> None:
    def unlabelled(name: str, labels: Labels) -> Labels | None:
        if not name.startswith("DCGM_"):
            return labels
        own = ("pod", "namespace", "container")
        return {label: value for label, value in labels.items() if label.removeprefix("exported_") not in own}

    with (
        prometheus(prometheus_binaries()[0], fleet.store, tmp_path, change=unlabelled) as running,
        opened(running.url) as store,
    ):
        report = report_of(store)
    free, true = (
        sum(line["accelerator_seconds"] for line in one["ledger"] if line["state"].startswith("free"))
        for one in (report, fleet.report)
    )
    assert free == pytest.approx(true, rel=0.01)


@pytest.mark.parametrize("name", ["vllm-0.32-light", "vllm-0.32-overload"])
def test_recorded_pages_give_the_same_report_from_each_server(
    recording: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    folder = recording(name)
    labels = {"instance": "10.0.0.1:8000", "namespace": "ml", "pod": "vllm-0", "job": "vllm"}
    import_paths([folder], tmp_path / "pages", labels)
    pages = sorted(float(page.name.removesuffix(".prom")) for page in folder.glob("*.prom"))
    world = world_of(tmp_path / "pages", tmp_path, Window.of_seconds(pages[0], pages[-1] + 1))
    with ExitStack() as stack:
        urls = [stack.enter_context(victoria_metrics(world.store, tmp_path / "vm")).url]
        for number, binary in enumerate(prometheus_binaries()):
            urls.append(stack.enter_context(prometheus(binary, world.store, tmp_path / f"prom-{number}")).url)
        for url in urls:
            store = stack.enter_context(opened(url))
            assert list(differences(world.report, report_of(store, world.window), 1e-9)) == []


def test_the_independent_fleet_gives_the_same_report_from_a_prometheus(
    recording: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = recording("fleet-sample")
    binary = prometheus_binaries()[0] if prometheus_binaries() else pytest.skip("prometheus is not installed")
    truth = json.loads((folder / "truth.json").read_text())["window"]
    window = Window.of_seconds(parse_time(str(truth["start"])), parse_time(str(truth["end"])))
    import_paths([folder / "om"], tmp_path / "store", {})
    report = report_of(ParquetStore(tmp_path / "store"), window)
    # It was made for a server without stale markers, hence the short look-back.
    with (
        prometheus(binary, tmp_path / "store", tmp_path / "prom", "--query.lookback-delta=16s") as running,
        opened(running.url) as store,
    ):
        assert list(differences(report, report_of(store, window), 1e-9)) == []
