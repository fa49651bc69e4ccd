"""What must hold for every fleet (DESIGN 6.4), over small fleets made up by Hypothesis."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.pricing.book import Answer, PriceBook, Reservation
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import PricePath, Resource, Step
from analyzer.pricing.price import EFFECTIVE, Price
from analyzer.window import Window
from exporters.series import Series
from tests.analyzer.conftest import START, Ledgers, Scene, grown, rows_of

CELLS = 3
END = START + CELLS * 300
STEP = 30
PRICES = {"p5.4xlarge": 1, "g6e.12xlarge": 4}

few = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True, slots=True)
class Box:
    """One node with at most one pod: lives from step to step, works in some steps, restarts its counter at one."""

    instance_type: str
    first: int
    last: int
    asks: int
    activity: tuple[float, ...]
    running: tuple[int, ...]
    has_engine: bool
    reset: int
    dcgm_gap: int


_STEPS = round((END - START) / STEP) + 20
boxes = st.builds(
    Box,
    st.sampled_from(sorted(PRICES)),
    st.integers(0, 12),
    st.integers(25, _STEPS),
    st.integers(0, 4),
    st.lists(st.sampled_from([0.0, 0.005, 0.3, 0.9]), min_size=_STEPS, max_size=_STEPS).map(tuple),
    st.lists(st.integers(0, 2), min_size=_STEPS, max_size=_STEPS).map(tuple),
    st.booleans(),
    st.integers(1, _STEPS),
    st.integers(0, _STEPS),
)
fleets = st.lists(boxes, min_size=1, max_size=2)


def _scene(fleet: list[Box], **more: str) -> Scene:
    scene = Scene()
    for number, box in enumerate(fleet):
        steps = range(box.first, box.last)
        times = [(START - 300 + STEP * step, 1.0) for step in steps]
        name, count = f"node-{number}", PRICES[box.instance_type]
        scene.node(name, times, box.instance_type, count, **more)
        if asked := min(box.asks, count):
            scene.pod(f"pod-{number}", name, times, float(asked), f"10.0.0.{number}", **more)
        for gpu in range(count):
            told = [time for step, time in zip(steps, times, strict=True) if not 0 <= step - box.dcgm_gap < 6]
            own = {"gpu": str(gpu), "UUID": f"GPU-{number}-{gpu}", "Hostname": name, "instance": f"{name}:9400", **more}
            scene.add("DCGM_FI_DEV_FB_USED", [(t, 1000.0) for t, _ in told], **own)
            active = [(t, box.activity[round((t - START + 300) / STEP)]) for t, _ in told]
            scene.add("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", active, **own)
        if box.has_engine and box.asks:
            engine = {"namespace": "ml", "pod": f"pod-{number}", "instance": f"10.0.0.{number}:8000", "engine": "0"}
            engine |= {"model_name": "m", **more}
            total = 0.0
            tokens: list[tuple[float, float]] = []
            running = [(t, float(box.running[step])) for step, (t, _) in zip(steps, times, strict=True)]
            for step, (t, _) in zip(steps, times, strict=True):
                total = (0.0 if step == box.reset else total) + 7.0 * box.running[step]
                tokens.append((t, total))
            scene.add("vllm:num_requests_running", running, **engine)
            scene.add("vllm:generation_tokens_total", tokens, **engine)
    return scene


Summary = dict[tuple[str, ...], tuple[float, float]]
_KEYS = ("start", "node", "device", "pod", "state", "missing_signal")


def _summary(ledger: Ledger) -> Summary:
    found: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows_of(ledger):
        cell = found[tuple(str(row[key]) for key in _KEYS)]
        cell[0] += row["seconds"]
        cell[1] += row["dollars"]
    return {key: (round(seconds, 5), round(dollars, 7)) for key, (seconds, dollars) in found.items()}


@few
@given(fleet=fleets)
def test_states_cover_lifetimes_and_make_the_bill(ledgers: Ledgers, fleet: list[Box]) -> None:
    ledger = ledgers(_scene(fleet), START, END)
    lived: dict[str, float] = defaultdict(float)
    spent = 0.0
    for row in rows_of(ledger):
        assert row["seconds"] > 0
        lived[row["node"]] += row["seconds"]
        spent += row["dollars"]
    bill = 0.0
    for number, box in enumerate(fleet):
        seconds = min(END, START - 300 + STEP * box.last) - START
        assert lived[f"node-{number}"] == pytest.approx(seconds * PRICES[box.instance_type], rel=1e-9)
        price = instance_types()[box.instance_type].on_demand_dollars_per_hour
        assert price
        bill += seconds * price / 3600
    assert spent == pytest.approx(bill, rel=1e-9)


class Changing:
    """Every node costs more from a moment inside a cell on."""

    name = "changing"
    steps = ((0, 10.0), (round((START + 130) * 1e6), 16.0))

    def path(self, resource: Resource, start: int, end: int) -> Answer:
        return Answer(self.name, PricePath(tuple(Step(at, _price(dollars)) for at, dollars in self.steps)))


def _price(dollars: float) -> Price:
    return Price(dollars, EFFECTIVE, "card", date(2026, 11, 1), "p5.4xlarge")


@few
@given(fleet=fleets, count=st.integers(1, 3))
def test_changing_prices_and_unused_reservations_are_in_the_bill(
    ledgers: Ledgers, fleet: list[Box], count: int
) -> None:
    """All nodes are in one reservation; a plain loop looks at every ten seconds."""
    label = {"label_karpenter_k8s_aws_capacity_reservation_id": "cr-1"}
    store = ledgers.store(_scene(fleet, **label))
    reserved = Reservation("cr-1", "odcr", "p5.4xlarge", count, 0, price=_price(8.0))
    book = PriceBook([Changing()], EFFECTIVE, [reserved])
    ledger = compute_ledger(store, Window.of_seconds(START, END), book)
    lives = [min(END, START - 300 + STEP * box.last) for box in fleet]
    bill = unused = 0.0
    for at in range(round(START), round(max(lives)), 10):
        alive = sum(at < end for end in lives)
        unused += 10 * max(0, count - alive)
        bill += (alive * (10.0 if at < START + 130 else 16.0) + max(0, count - alive) * 8.0) * 10 / 3600
    rows = rows_of(ledger)
    assert math.fsum(row["dollars"] for row in rows) == pytest.approx(bill, rel=1e-9)
    left = math.fsum(row["seconds"] for row in rows if row["state"] == "reserved-unlaunched")
    assert left == pytest.approx(unused, rel=1e-9)


@few
@given(fleet=fleets, edge=st.integers(1, CELLS - 1))
def test_splitting_at_a_cell_edge_and_adding(ledgers: Ledgers, fleet: list[Box], edge: int) -> None:
    scene, middle = _scene(fleet), START + 300 * edge
    whole, left, right = (ledgers(scene, *ends) for ends in ((START, END), (START, middle), (middle, END)))
    assert _summary(left) | _summary(right) == _summary(whole)
    assert grown(left) + grown(right) == grown(whole)


@few
@given(fleet=fleets, seed=st.integers(0, 9))
def test_order_and_repetition_change_nothing(ledgers: Ledgers, fleet: list[Box], seed: int) -> None:
    scene = _scene(fleet)
    before = ledgers(scene, START, END)
    shuffled = Scene()
    shuffled.points = scene.points * 2
    random.Random(seed).shuffle(shuffled.points)
    after = ledgers(shuffled, START, END)
    assert _summary(after) == _summary(before)
    assert grown(after) == grown(before)


@few
@given(fleet=fleets, shift=st.sampled_from([1.5, 7.0, 14.0]))
def test_a_pair_of_scrapers_changes_nothing(ledgers: Ledgers, fleet: list[Box], shift: float) -> None:
    before = ledgers(_scene(fleet, prometheus_replica="a"), START, END)
    pair = _scene(fleet, prometheus_replica="a")
    pair.points += [(series, at + shift, value) for series, at, value in _scene(fleet, prometheus_replica="b").points]
    after = ledgers(pair, START, END)
    assert _summary(after) == _summary(before)
    assert grown(after) == grown(before)


@few
@given(fleet=fleets, other=fleets)
def test_two_clusters_are_the_sum_of_both(ledgers: Ledgers, fleet: list[Box], other: list[Box]) -> None:
    one, two = _scene(fleet, cluster="one"), _scene(other, cluster="two")
    both = Scene()
    both.points = one.points + two.points
    merged = ledgers(both, START, END)
    for cluster, alone in (("one", ledgers(one, START, END)), ("two", ledgers(two, START, END))):
        mine = math.fsum(row["dollars"] for row in rows_of(merged) if row["cluster"] == cluster)
        assert mine == pytest.approx(math.fsum(row["dollars"] for row in rows_of(alone)), rel=1e-9)
        states: dict[tuple[str, str], float] = defaultdict(float)
        for sign, ledger in ((1, merged), (-1, alone)):
            for row in rows_of(ledger):
                if row["cluster"] == cluster:
                    states[(row["node"], row["state"])] += sign * row["seconds"]
        assert all(abs(left) < 1e-6 for left in states.values())


def test_series_keys_are_stable() -> None:
    assert Series.of("up", [("b", "2"), ("a", "1"), ("c", "")]) == Series.of("up", [("a", "1"), ("b", "2")])
