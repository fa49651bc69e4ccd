"""Two clusters for boards to look at: fleets seen by DCGM and by our agents, recorded pages of vLLM, Karpenter and a
Neuron node, and the ledger of both as `publish` tells it."""

from __future__ import annotations

import contextlib
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.instances import DatedTable
from analyzer.publish.amounts import BILLION, COUNTERS, cell_amounts
from analyzer.slo import parse_slo
from analyzer.stores.parquet import ParquetStore
from analyzer.window import CELL, MICROSECONDS, Window
from exporters.canonical import ledger as told
from exporters.canonical import nodes, pods, telemetry
from exporters.metric import Kind, Metric
from exporters.series import Series
from exporters.simulation.feed import scrape_into
from exporters.simulation.fleet import DEMO_START, Fleet, demo_fleet
from exporters.simulation.steps import FOREVER, Floats, Span
from exporters.simulation.target import Target
from exporters.store.writer import StoreWriter
from tests.real_servers import Change, Running, prometheus, write_openmetrics

GOLDEN, RECORDED = (Path(__file__).parents[1] / name for name in ("golden", "recorded"))
SECONDS_BETWEEN = 60.0
AFTER_DAYS = 2.5  # Wednesday noon: the spot node is there, and chat has most to do
SLO = ("ttft=0.5",)
COVERED = (("price", 1.0), ("state", 0.998), ("effective", 0.93))
FOUND = (("chat", "A1", 34.0, 21.0), ("research", "C2", 18.0, 0.0), ("search", "D4", 11.0, 9.5))


@dataclass(frozen=True, slots=True)
class World:
    """A store and its ledger for each cluster; the label `cluster` is what a server would attach."""

    stores: Mapping[str, Path]
    ledgers: Mapping[str, Ledger]

    @property
    def window(self) -> Window:
        return self.ledgers["prod"].window


def make_world(folder: Path, hours: float) -> World:
    """Two clusters: `prod` (seen by DCGM) and `lab` (our agents, a Trainium node, and what was recorded)."""
    start = DEMO_START + AFTER_DAYS * 86_400
    window = Window.of_seconds(start, start + hours * 3600)
    stores = {cluster: folder / cluster for cluster in ("prod", "lab")}
    return World(stores, {cluster: _fill(store, window, cluster == "lab") for cluster, store in stores.items()})


@contextlib.contextmanager
def served(world: World, binary: str, folder: Path) -> Iterator[Running]:
    """A Prometheus that holds both clusters."""
    server, text = folder / "server", folder / "lab.om"
    server.mkdir()
    write_openmetrics(world.stores["lab"], text, _labelled("lab"))
    promtool = Path(binary).with_name("promtool")
    made: list[str | Path] = [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", text, server / "data"]
    subprocess.run(made, check=True, capture_output=True, timeout=600)
    text.unlink()
    with prometheus(binary, world.stores["prod"], server, change=_labelled("prod")) as running:
        yield running


def _labelled(cluster: str) -> Change:
    return lambda name, labels: {**labels, "cluster": cluster}


def _fill(store: Path, window: Window, has_agents: bool) -> Ledger:
    fleet = demo_fleet(
        8 if has_agents else 7,
        days=window.seconds / 86_400,
        after_days=AFTER_DAYS,
        interval_seconds=SECONDS_BETWEEN,
        lost_ratio=0,
        has_agents=has_agents,
    )
    scrape_into(store, fleet.targets, fleet.start, fleet.end)
    ledger = compute_ledger(ParquetStore(store), window, DatedTable(), Options(slo=parse_slo(SLO)))
    with StoreWriter(store) as writer:
        for series, times, values in (*published(ledger), *_findings(window)):
            writer.add([series] * len(times), values, times)
        for metric, labels, value in (*_starts(fleet), *_sent(window)):
            scraped = np.arange(fleet.start, fleet.end, SECONDS_BETWEEN)
            shape = scraped - fleet.start if metric.kind is Kind.COUNTER else np.ones(len(scraped))
            one = Series.of(metric.full_name, labels.items())
            writer.add([one] * len(scraped), (value * shape).tolist(), scraped.tolist())
    if has_agents:
        scrape_into(store, _recorded(store.parent, Span(fleet.start, fleet.end)), fleet.start, fleet.end)
    return ledger


class _Replayed:
    """Recorded pages of ten seconds each, over and over."""

    def __init__(self, pages: Sequence[bytes]) -> None:
        self._pages = pages

    def answers(self, times: Floats) -> npt.NDArray[np.bool_]:
        return np.ones(len(times), bool)

    def texts(self, times: Floats) -> Iterator[bytes]:
        return (self._pages[int(at // 10) % len(self._pages)] for at in times)


def _recorded(folder: Path, window: Span) -> Iterator[Target]:
    trainium = [(GOLDEN / "neuron-trn1-loaded.prom").read_bytes()]
    yield _target("gpuyield-node", "trn", trainium, window)
    for name, job in (("vllm-0.32-sweep.tar.xz", "vllm"), ("karpenter/pages.tar.xz", "karpenter")):
        with tarfile.open(RECORDED / name) as tar:
            tar.extraction_filter = tarfile.data_filter
            tar.extractall(folder / job)
        files = sorted((folder / job).rglob("*.prom"))
        pages = [file.read_bytes() for file in files if "state-metrics" not in file.parent.name]
        yield _target(job, "recorded", pages, window)


def _target(job: str, name: str, pages: Sequence[bytes], window: Span) -> Target:
    labels = {"job": job, "instance": f"{name}:9000", "namespace": "bench", "pod": f"{job}-{name}", "container": job}
    return Target(tuple(sorted(labels.items())), False, SECONDS_BETWEEN, window, window, 7, 0.0, _Replayed(pages))


Told = tuple[Metric, dict[str, str], float]  # of a counter, what it rises by in a second


def _starts(fleet: Fleet) -> Iterator[Told]:
    """What the cluster collector tells of the steps of starts, from the fleet's script."""
    for node in fleet.nodes:
        for step, at in (("launched", node.created + 31), ("registered", node.ready), ("devices", node.allocatable)):
            yield nodes.start_seconds, {"node": node.name, "step": step}, at - node.created
    for pod in fleet.pods:
        life, own = pod.lives[0], {"namespace": pod.namespace, "pod": pod.name}
        yield pods.image_pull_seconds, {**own, "container": pod.container}, life.start - pod.bound
        for step, at in (("scheduled", pod.bound + 1), ("started", life.start), ("ready", life.ready)):
            if at != FOREVER:
                yield pods.start_seconds, {**own, "step": step}, at - pod.bound


def _sent(window: Window) -> Iterator[Told]:
    """What an agent tells of itself that sends to CloudWatch, and a pass of publish."""
    sink = {"sink": "cloudwatch"}
    for result, rate in (("accepted", 41.0), ("throttled", 0.2)):
        yield telemetry.sink_samples_total, {**sink, "result": result}, rate
    yield telemetry.sink_spooled_bytes, sink, 2.1e6
    yield telemetry.telemetry_dollars_per_month, sink, 37.5
    for source, seconds in (("nvidia", 0.004), ("kubelet", 0.011)):
        yield telemetry.source_duration_seconds, {"source": source}, seconds
    yield told.closed_cell_seconds, {}, window.end / MICROSECONDS - 420


def published(ledger: Ledger) -> Iterator[tuple[Series, list[float], list[float]]]:
    """(series, times, totals) of the counters of `publish` at the end of each cell; each begins at 0."""
    cells = cell_amounts(ledger)
    times = [at / MICROSECONDS for at in (*cells, ledger.window.end)]
    for key in dict.fromkeys(key for amounts in cells.values() for key in amounts):
        metric, *values = COUNTERS[key[0]], *key[1:]
        labels = dict(zip(metric.labels, values, strict=True)) | {"cluster": ""}
        totals = np.cumsum([0, *(amounts.get(key, 0) for amounts in cells.values())]) / BILLION
        yield Series.of(metric.full_name, labels.items()), times, totals.tolist()


def _findings(window: Window) -> Iterator[tuple[Series, list[float], list[float]]]:
    """The states of a pass: how much is known, and what open findings cost."""
    times = [cell / MICROSECONDS for cell in range(window.start, window.end + 1, CELL)]
    for signal, ratio in COVERED:
        yield Series.of(told.coverage_ratio.full_name, [("signal", signal)]), times, [ratio] * len(times)
    for namespace, rule, *both in FOUND:
        for kind, value in zip(("attributed", "realisable"), both, strict=True):
            labels = [("namespace", namespace), ("rule", rule), ("kind", kind)]
            yield Series.of(told.finding_dollars_per_hour.full_name, labels), times, [value] * len(times)
