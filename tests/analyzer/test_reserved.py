"""Reservations: what runs in them, what is paid for while nothing does, and what nodes in them cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.ledger.devices import Device
from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.nodes import Node, Presence, Shape, Stay
from analyzer.ledger.options import Options
from analyzer.ledger.reserved import Told, stays_of, unlaunched
from analyzer.pricing.book import Answer, PriceBook, Reservation
from analyzer.pricing.ec2_instances import Described
from analyzer.pricing.path import Resource, constant
from analyzer.pricing.price import EFFECTIVE, Price
from analyzer.report.build import build_report
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, by, every, rows_of

END = START + 3600
US = round(START * 1e6)
MINUTE = 60_000_000
HOUR = Window.of_seconds(START, END)
LABEL = "label_karpenter_k8s_aws_capacity_reservation_id"
BLOCK_PRICE = Price(40.0, EFFECTIVE, "rate card, upfront fee of cr-1", date(2026, 11, 1), "p5.48xlarge")
BLOCK = Reservation("cr-1", "capacity-block", "p5.48xlarge", 3, US - 60 * MINUTE, US + 300 * MINUTE, BLOCK_PRICE)


class InBlocks:
    """Knows what nodes in cr-1 cost, and that p5.48xlarge costs $60 on demand."""

    name = "card"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        dollars = 40.0 if resource.reservation_id == "cr-1" else 60.0
        return Answer(self.name, constant(replace(BLOCK_PRICE, dollars_per_hour=dollars)))


def scene(*lives: tuple[float, float], reservation: str = "cr-1", capacity_type: str = "reserved") -> Scene:
    """Nodes from minute to minute of the hour, and a CPU node that is there all the time."""
    found = Scene().add("kube_node_info", every(START - 300, END, 30), node="cpu", provider_id="aws:///cpu")
    for number, (first, last) in enumerate(lives):
        times, name = every(START + 60 * first, START + 60 * last - 30, 30), f"n{number}"
        found.add("kube_node_info", times, node=name, provider_id=f"aws:///us-east-1a/i-{number}")
        found.add("kube_node_created", [(at, START + 60 * first) for at, _ in times], node=name)
        found.add("kube_node_status_capacity", [(at, 8.0) for at, _ in times], node=name, resource="nvidia_com_gpu")
        labels = {
            "label_node_kubernetes_io_instance_type": "p5.48xlarge",
            "label_karpenter_sh_capacity_type": capacity_type,
            **({LABEL: reservation} if reservation else {}),
        }
        found.add("kube_node_labels", times, node=name, **labels)
    return found


def ledger_of(scene: Scene, folder: Path, *reservations: Reservation, window: Window = HOUR) -> Ledger:
    book = PriceBook([InBlocks()], EFFECTIVE, reservations)
    return compute_ledger(scene.store(folder / "store"), window, book, Options(price_basis=EFFECTIVE))


def test_hours_of_a_block_that_nobody_uses_are_kept(tmp_path: Path) -> None:
    """Three instances for an hour are $120. Two nodes use 60 and 15 minutes ($50), so 105 instance-minutes are left."""
    ledger = ledger_of(scene((0, 60), (20, 35)), tmp_path, BLOCK)
    assert by(ledger, "state", "dollars")["reserved-unlaunched"] == pytest.approx(70.0)
    assert by(ledger, "state")["reserved-unlaunched"] == pytest.approx(105 * 60 * 8)
    assert math.fsum(row["dollars"] for row in rows_of(ledger)) == pytest.approx(120.0, rel=1e-9)
    report = build_report(ledger, [])
    assert (report.bill.dollars.value, report.bill.dollars.coverage) == pytest.approx((120.0, 1.0))
    assert {line.state: line.dollars for line in report.ledger}["reserved-unlaunched"] == pytest.approx(70.0)
    assert report.kpis.waste_ratio.value == pytest.approx(1.0)


def test_its_rows_name_the_type_and_no_node(tmp_path: Path) -> None:
    idle = [row for row in rows_of(ledger_of(scene(), tmp_path, BLOCK)) if row["state"] == "reserved-unlaunched"]
    assert len(idle) == 12
    said = {(row["cluster"], row["node"], row["device"], row["pod"], row["team"]) for row in idle}
    assert said == {("", "", "", "", "")}
    assert {(row["instance_type"], row["capacity_type"]) for row in idle} == {("p5.48xlarge", "capacity-block")}
    assert {row["price_basis"] for row in idle} == {EFFECTIVE}
    assert {row["seconds"] for row in idle} == {3 * 8 * 300.0}
    assert math.fsum(row["dollars"] for row in idle) == pytest.approx(120.0)


def test_more_nodes_than_were_reserved_leave_nothing_and_owe_nothing(tmp_path: Path) -> None:
    ledger = ledger_of(scene(*[(0, 60)] * 4), tmp_path, BLOCK)
    assert "reserved-unlaunched" not in by(ledger, "state")
    assert math.fsum(row["dollars"] for row in rows_of(ledger)) == pytest.approx(160.0)


def test_a_price_that_is_unknown_leaves_seconds_without_dollars(tmp_path: Path) -> None:
    ledger = ledger_of(scene((0, 60)), tmp_path, replace(BLOCK, price=None))
    idle = [row for row in rows_of(ledger) if row["state"] == "reserved-unlaunched"]
    assert {row["dollars"] for row in idle} == {None}
    report = build_report(ledger, [])
    assert (report.bill.dollars.value, report.bill.dollars.coverage) == pytest.approx((40.0, 1 / 3))
    spots = {one.signal: (one.subject_kind, one.subject) for one in report.blind_spots}
    assert spots["reservation price"] == ("instance type", "p5.48xlarge")


def test_a_node_without_the_label_is_in_the_only_reservation_that_fits(tmp_path: Path) -> None:
    elsewhere = replace(BLOCK, id="cr-9", zone="us-east-1f")
    ledger = ledger_of(scene((0, 60), reservation=""), tmp_path, BLOCK, elsewhere)
    assert [stay.reservation_id for stay in ledger.nodes[0].stays] == ["cr-1"]
    assert build_report(ledger, []).nodes[0].dollars.value == pytest.approx(40.0)


def test_two_that_fit_are_in_doubt_and_the_report_says_so(tmp_path: Path) -> None:
    ledger = ledger_of(scene((0, 60), reservation=""), tmp_path, BLOCK, replace(BLOCK, id="cr-2"))
    assert ledger.nodes[0].stays == ()
    assert any("n0: reserved, and nothing tells in which" in said for said in build_report(ledger, []).warnings)


def test_an_on_demand_node_uses_no_reservation(tmp_path: Path) -> None:
    ledger = ledger_of(scene((0, 60), reservation="", capacity_type="on-demand"), tmp_path, BLOCK)
    assert by(ledger, "state", "dollars")["reserved-unlaunched"] == pytest.approx(120.0)
    assert math.fsum(row["dollars"] for row in rows_of(ledger)) == pytest.approx(180.0)


def test_what_others_run_in_it_is_said(tmp_path: Path) -> None:
    ledger = ledger_of(scene((0, 60)), tmp_path, replace(BLOCK, unused=1))
    assert any("EC2 has 2 instances in cr-1, and 1 nodes" in said for said in build_report(ledger, []).warnings)


def test_a_type_without_accelerators_is_outside_this_bill(tmp_path: Path) -> None:
    ledger = ledger_of(scene((0, 60)), tmp_path, BLOCK, replace(BLOCK, id="cr-cpu", instance_type="c7i.large"))
    assert {row["instance_type"] for row in rows_of(ledger)} == {"p5.48xlarge"}


def test_a_node_whose_reservation_ends_costs_what_on_demand_costs(tmp_path: Path) -> None:
    """Half an hour at $40, half an hour at $60; the instance stays when the reservation goes."""
    ledger = ledger_of(scene((0, 60)), tmp_path, replace(BLOCK, count=1, kind="odcr", end=US + 30 * MINUTE))
    assert build_report(ledger, []).nodes[0].dollars.value == pytest.approx(50.0)
    assert "reserved-unlaunched" not in by(ledger, "state")


def test_a_block_that_was_extended_is_one_reservation_at_two_prices(tmp_path: Path) -> None:
    dearer = replace(BLOCK_PRICE, dollars_per_hour=80.0)
    halves = (replace(BLOCK, end=US + 30 * MINUTE), replace(BLOCK, start=US + 30 * MINUTE, price=dearer))
    ledger = ledger_of(scene((0, 60)), tmp_path, *halves)
    assert by(ledger, "state", "dollars")["reserved-unlaunched"] == pytest.approx(2 * 0.5 * 40 + 2 * 0.5 * 80)


def test_nothing_is_said_of_time_that_the_store_does_not_know(tmp_path: Path) -> None:
    """The node goes with the hour, the store ends 30 s later, the window two hours."""
    ledger = ledger_of(scene((0, 60)), tmp_path, BLOCK, window=Window.of_seconds(START, END + 7200))
    assert by(ledger, "state")["reserved-unlaunched"] == pytest.approx(8 * (2 * 3600 + 3 * 30))


def test_an_on_demand_node_that_ec2_has_in_an_open_reservation_is_paid_once(tmp_path: Path) -> None:
    """An instance for an hour, reserved and used, is $40 and not $100."""

    def describe(provider_ids: Sequence[str]) -> dict[str, Described]:
        return {one: Described("p5.48xlarge", "reserved", START, "cr-1") for one in provider_ids}

    world = scene((0, 60), reservation="", capacity_type="on-demand")
    book = PriceBook([InBlocks()], EFFECTIVE, [replace(BLOCK, kind="odcr", count=1)])
    ledger = compute_ledger(world.store(tmp_path / "store"), HOUR, book, Options(describe=describe))
    assert "reserved-unlaunched" not in by(ledger, "state")
    assert math.fsum(row["dollars"] for row in rows_of(ledger)) == pytest.approx(40.0)


def test_a_block_that_the_card_knows_by_its_own_id_is_the_nodes_reservation(tmp_path: Path) -> None:
    """The only one that fits by type, zone and time; the report says so."""

    class InBlock(InBlocks):
        def path(self, resource: Resource, start: int, end: int) -> Answer | None:
            dollars = 40.0 if resource.reservation_id == "cb-1" else 60.0
            return Answer(self.name, constant(replace(BLOCK_PRICE, dollars_per_hour=dollars)))

    elsewhere = replace(BLOCK, id="cb-2", zone="us-east-1f")
    book = PriceBook([InBlock()], EFFECTIVE, [replace(BLOCK, id="cb-1", count=1), elsewhere])
    ledger = compute_ledger(scene((0, 60), reservation="cr-7").store(tmp_path / "store"), HOUR, book, Options())
    assert [(stay.reservation_id, stay.label) for stay in ledger.nodes[0].stays] == [("cb-1", "cr-7")]
    assert by(ledger, "state", "dollars")["reserved-unlaunched"] == pytest.approx(3 * 40.0)  # all of it cb-2
    report = build_report(ledger, [])
    assert report.nodes[0].dollars.value == pytest.approx(40.0)
    assert any("cr-7 is taken for cb-1" in said for said in report.warnings)


def test_where_two_blocks_fit_none_is_taken_and_the_report_says_so(tmp_path: Path) -> None:
    ledger = ledger_of(
        scene((0, 60), reservation="cr-7"), tmp_path, replace(BLOCK, id="cb-1"), replace(BLOCK, id="cb-2")
    )
    assert [stay.reservation_id for stay in ledger.nodes[0].stays] == ["cr-7"]
    assert any("n0: reserved, and nothing tells in which" in said for said in build_report(ledger, []).warnings)


def test_a_reservation_whose_accelerators_nobody_can_count_is_a_line_with_its_dollars(tmp_path: Path) -> None:
    unheard = replace(BLOCK, id="cr-new", instance_type="p9.48xlarge")
    report = build_report(ledger_of(scene((0, 60)), tmp_path, unheard, replace(unheard, id="cr-free", price=None)), [])
    spots = {one.subject: one.dollars for one in report.blind_spots if one.signal == "reservation accelerators"}
    assert spots == {"cr-new": pytest.approx(120.0), "cr-free": None}
    assert any("cr-new: nothing tells how many accelerators p9.48xlarge has" in said for said in report.warnings)


@pytest.mark.parametrize("edge", [1, 5, 11])
def test_splitting_the_window_adds_up(tmp_path: Path, edge: int) -> None:
    world, middle = scene((0, 60), (20, 35)), START + 300 * edge
    parts = ((START, END), (START, middle), (middle, END))
    idle = [
        by(ledger_of(world, tmp_path / str(number), BLOCK, window=Window.of_seconds(*part)), "state", "dollars")[
            "reserved-unlaunched"
        ]
        for number, part in enumerate(parts)
    ]
    assert idle[1] + idle[2] == pytest.approx(idle[0], rel=1e-9)


def test_karpenters_own_label_tells_the_reservation(tmp_path: Path) -> None:
    own = {"node_name": "n0", "resource_type": "cpu", "instance_type": "p5.48xlarge", "capacity_type": "reserved"}
    world = scene((0, 60), reservation="")
    world.add("karpenter_nodes_allocatable", every(START, END, 30), **own, capacity_reservation_id="cr-7")
    assert [stay.reservation_id for stay in ledger_of(world, tmp_path, BLOCK).nodes[0].stays] == ["cr-7"]


def test_a_label_holds_until_it_says_something_else() -> None:
    told = [Told(Presence(10, 31), "cr-1"), Told(Presence(30, 50), ""), Told(Presence(50, 90), "cr-2")]
    assert stays_of(told, Shape(), 5, 80, ()) == (Stay(5, 30, "cr-1", "reserved"), Stay(50, 80, "cr-2", "reserved"))


spans = st.tuples(st.integers(-20, 120), st.integers(1, 60)).map(lambda span: (span[0], span[0] + span[1]))


@settings(derandomize=True, database=None)
@given(
    count=st.integers(1, 4),
    reserved=st.tuples(st.integers(-30, 60), st.integers(61, 150)),
    lives=st.lists(spans, max_size=8),
    cut=st.integers(1, 99),
)
def test_what_is_left_is_never_negative_and_adds_up(
    count: int, reserved: tuple[int, int], lives: list[tuple[int, int]], cut: int
) -> None:
    """Times are microseconds here; a plain loop looks at each of them."""
    one = replace(BLOCK, count=count, start=reserved[0], end=reserved[1])
    nodes, devices = [], []
    for number, (start, end) in enumerate(lives):
        shape = Shape(instance_type="p5.48xlarge")
        told = [Told(Presence(start, end), "cr-1")]
        stays = stays_of(told, shape, start, end, [one])
        nodes.append(Node(number, "", f"n{number}", "", shape, start, end, None, constant(BLOCK_PRICE), stays=stays))
        devices.append(Device(number, number, "0", "", "", None))

    def left(start: int, end: int) -> int:
        spells = unlaunched([one], nodes, devices, Window(start, end))
        assert all(spell.instances > 0 for spell in spells)
        assert all(early.end <= late.start for early, late in pairwise(spells))
        return sum(spell.instances * (spell.end - spell.start) for spell in spells)

    plain = sum(
        max(0, count - sum(start <= at < end for start, end in lives))
        for at in range(100)
        if reserved[0] <= at < reserved[1]
    )
    assert left(0, 100) == plain
    assert left(0, cut) + left(cut, 100) == plain
