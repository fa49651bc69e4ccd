"""Lives of machines by what the collector tells: from the launch until they are gone, to the microsecond."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.pricing.instances import DatedTable
from analyzer.report.build import build_report
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.canonical import nodes
from exporters.cluster import kinds
from exporters.cluster.firsts import NodeFirsts, PodFirsts
from exporters.cluster.mirror import Mirror
from exporters.cluster.node_sources import ClaimSource, NodeSource
from exporters.cluster.resource import Page, Reader
from exporters.metric import Sample
from exporters.series import Series
from exporters.simulation.fleet import Fleet, demo_fleet
from exporters.simulation.kube_api import kind as simulated
from exporters.simulation.kube_api.story import FIRST_VERSION, StoryCluster
from exporters.store.writer import StoreWriter
from tests.analyzer.conftest import START, Ledgers, Scene, by, every

SCRAPE_SECONDS = 300.0
HOUR = 3600.0
ASKED = {
    *(nodes.node_info, nodes.node_shape_info, nodes.created_seconds, nodes.ready, nodes.capacity, nodes.allocatable),
    *(nodes.claim_info, nodes.launched_seconds, nodes.gone_seconds),
}


def collected(fleet: Fleet, start: float, end: float) -> Iterator[Sample]:
    """What the collector tells of the fleet from `start` to `end`, each change seen when it comes."""
    now = [start]
    cluster = StoryCluster(fleet.nodes, fleet.pods, fleet.seed, lambda: now[0])
    of_nodes, of_pods = NodeFirsts(), PodFirsts()
    node_mirror = Mirror(kinds.NODES, of_nodes, clock=lambda: now[0])
    claim_mirror = Mirror(kinds.CLAIMS, clock=lambda: now[0])
    followed: list[tuple[Mirror[Any], simulated.Kind]] = [
        (node_mirror, simulated.NODES),
        (claim_mirror, simulated.CLAIMS),
    ]
    for mirror, _ in followed:
        mirror.replace(Page({}, "1", ""))
    node_source = NodeSource(node_mirror, claim_mirror, (of_nodes, of_pods), lambda: now[0])
    claim_source = ClaimSource(claim_mirror, lambda: now[0])
    version = FIRST_VERSION
    scrapes = {start + SCRAPE_SECONDS * number for number in range(int((end - start) // SCRAPE_SECONDS) + 1)}
    edges = {edge for node in fleet.nodes for edge in (node.created, node.gone) if start < edge < end}
    for now[0] in sorted(scrapes | edges):
        for mirror, kind in followed:
            reader = Reader(mirror.resource)
            for change in cluster.changes(kind, version, cluster.version()):
                line = b'{"type":"%s","object":%s}' % (change.type.encode(), change.body)
                mirror.apply(reader.change(line), now[0])
        version = cluster.version()
        if now[0] in scrapes:
            yield from (one for one in (*node_source.read(), *claim_source.read()) if one.metric in ASKED)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return demo_fleet()


def days(fleet: Fleet) -> tuple[float, float]:
    """Those in which a node comes and two go."""
    return fleet.start + 56 * HOUR, fleet.start + 112 * HOUR


@pytest.fixture(scope="module")
def ledger(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    start, end = days(fleet)
    told = list(collected(fleet, start, end))
    path = tmp_path_factory.mktemp("lives") / "store"
    with StoreWriter(path) as writer:
        writer.add(
            [Series.of(one.name, one.labels) for one in told], [one.value for one in told], [one.at for one in told]
        )
    return compute_ledger(ParquetStore(path), Window.of_seconds(start, end), DatedTable())


def test_the_simulated_fleets_lives_are_those_of_its_truth(fleet: Fleet, ledger: Ledger) -> None:
    start, end = days(fleet)
    truth = {
        node.name: (max(node.created, start), min(node.gone, end))
        for node in fleet.nodes
        if node.machine.cards and node.created < end and node.gone > start
    }
    assert sum(gone < end for _, gone in truth.values()) == 2
    assert sum(launched > start for launched, _ in truth.values()) == 1
    found = {node.name: (node.start / 1e6, node.end / 1e6) for node in ledger.nodes}
    assert found.keys() == truth.keys()
    for name, life in truth.items():
        assert found[name] == pytest.approx(life, abs=1e-5), name


def test_the_report_calls_them_measured(ledger: Ledger) -> None:
    report = build_report(ledger, [])
    assert report.bill.lifetime == "measured"
    assert not any("estimated" in said for said in report.warnings)


END = START + 3600
Life = tuple[int, int, int, bool]  # launched, registered and gone, seconds after the start; whether its end is told


def machine(scene: Scene, number: int, life: Life) -> None:
    """Its series, every 30 s, as the collector tells them."""
    launched, registered, gone, is_told = life
    name, claim = f"n{number}", {"nodeclaim": f"c{number}"}
    own = {"provider_id": f"aws:///us-east-1a/i-{number}"}
    bought = {**own, "instance_type": "p5.48xlarge", "capacity_type": "on-demand", "zone": "us-east-1a"}
    at = [START + 30.0 * step for step in range(-10, 141)]
    before = [now for now in at if START + launched <= now < START + min(registered, gone)]
    alive = [now for now in at if START + registered <= now < START + gone]
    for times, node in ((before, ""), (alive, name)):
        place = {"node": node, **claim}
        scene.add("gpuyield_node_claim_info", [(now, 1.0) for now in times], **place, **bought)
        scene.add("gpuyield_node_launched_timestamp_seconds", [(now, START + launched) for now in times], **place)
    scene.add("gpuyield_node_info", [(now, 1.0) for now in alive], node=name, **own)
    scene.add("gpuyield_node_shape_info", [(now, 1.0) for now in alive], node=name, instance_type="p5.48xlarge")
    scene.add("gpuyield_node_created_timestamp_seconds", [(now, START + registered) for now in alive], node=name)
    scene.add("gpuyield_node_ready", [(now, float(now > START + registered + 60)) for now in alive], node=name)
    if is_told and gone < 3600:
        ended = [now for now in at if START + gone <= now < START + gone + 600]
        place = {"node": name if registered < gone else "", **claim}
        scene.add("gpuyield_node_gone_timestamp_seconds", [(now, START + gone) for now in ended], **place)


def world(*lives: Life) -> Scene:
    scene = Scene().add("gpuyield_node_info", every(START - 300, END + 600, 30), node="cpu", provider_id="aws:///cpu")
    for number, life in enumerate(lives):
        machine(scene, number, life)
    return scene


lives = st.tuples(st.integers(-200, 3000), st.integers(20, 400), st.integers(60, 3000), st.booleans()).map(
    lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[0] + drawn[1] + drawn[2], drawn[3])
)


@settings(
    max_examples=3,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(drawn=st.lists(lives, min_size=1, max_size=5))
def test_what_is_told_is_exact_and_what_is_not_is_called_an_estimate(ledgers: Ledgers, drawn: list[Life]) -> None:
    found = {node.name: node for node in ledgers(world(*drawn), START, END).nodes}
    for number, (launched, _, gone, is_told) in enumerate(drawn):
        if gone <= 0 or launched >= 3600:
            continue
        node = found[f"n{number}"]
        assert (node.start, node.begin_is_known) == (round((START + max(0, launched)) * 1e6), True)
        if is_told or gone >= 3600:
            assert (node.end, node.end_is_known) == (round((START + min(3600, gone)) * 1e6), True)
        elif gone < 3400:
            assert not node.end_is_known
            assert abs(node.end / 1e6 - START - gone) <= 30


def test_a_machine_that_never_becomes_a_node_is_paid_and_starting(ledgers: Ledgers) -> None:
    """Launched at minute 10, given up at minute 25: 15 minutes of a p5.48xlarge, $13.76."""
    ledger = ledgers(world((600, 9999, 1500, True)), START, END)
    assert by(ledger, "state") == pytest.approx({"node-starting": 8 * 900.0})
    assert math.fsum(by(ledger, "state", "dollars").values()) == pytest.approx(55.04 / 4)
    assert {node.name for node in ledger.nodes} == {"c0"}


def test_the_time_from_the_launch_to_the_node_is_starting(ledgers: Ledgers) -> None:
    ledger = ledgers(world((600, 900, 3600, True)), START, END)
    assert by(ledger, "state")["node-starting"] == pytest.approx(8 * 390.0, abs=8 * 30)


def test_estimates_are_counted_and_weighed_in_the_report(ledgers: Ledgers) -> None:
    """Two of three nodes are alive all the time; the third has half an hour whose end nobody told."""
    scene = world((-200, -100, 4000, True), (-200, -100, 4000, True), (0, 30, 1800, False))
    report = build_report(ledgers(scene, START, END), [])
    assert report.bill.lifetime == "estimated"
    (said,) = [one for one in report.warnings if "lifetimes" in one]
    assert said.startswith("the lifetimes of 1 of 3 nodes (20% of node time) are estimated: 1 end with the last sample")


def test_a_node_without_a_claim_has_its_own_end(ledgers: Ledgers) -> None:
    alive = every(START - 300, START + 1790, 30)
    scene = world().add("gpuyield_node_info", alive, node="m", provider_id="aws:///us-east-1a/i-m")
    scene.add("gpuyield_node_shape_info", alive, node="m", instance_type="p5.48xlarge")
    ended = [(at, START + 1801.5) for at, _ in every(START + 1810, START + 2390, 30)]
    scene.add("gpuyield_node_gone_timestamp_seconds", ended, node="m", nodeclaim="")
    (node,) = ledgers(scene, START, END).nodes
    assert (node.end, node.end_is_known) == (round((START + 1801.5) * 1e6), True)
