"""Prices that change: the ledger integrates them exactly, and says so where it has none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import Options
from analyzer.ledger.priced import MixedCurrencies, priced
from analyzer.pricing.book import Fee, PriceBook
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.path import PricePath, Resource, Step, constant
from analyzer.pricing.price import EFFECTIVE, LIST, Price
from analyzer.report.build import build_report
from analyzer.report.markdown import markdown
from analyzer.report.table import table
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, by, every, rows_of

END = START + 1200
START_US = round(START * 1e6)
NODE = "n"

few = settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Paths:
    """Prices by instance type, as a plain source tells them."""

    by_type: dict[str, PricePath]
    asked: list[Resource] = field(default_factory=list)

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        self.asked.append(resource)
        return self.by_type.get(resource.instance_type, constant(None))


def price(dollars: float, day: int = 1, basis: str = EFFECTIVE) -> Price:
    return Price(dollars, basis, "spot price history", date(2026, 11, day), "p5.4xlarge")


def steps(*told: tuple[float, float | None]) -> PricePath:
    """(seconds after the start, dollars per hour or nothing)"""
    return PricePath(tuple(Step(START_US + round(at * 1e6), price(to) if to else None) for at, to in told))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParquetStore:
    """One node with four GPUs: a pod holds two, one of them works, and the others are free."""
    scene, times = Scene(), every(START - 300, END, 30)
    scene.node(NODE, times, "g6e.12xlarge", 4).pod("p", NODE, times, 2.0, "10.0.0.1")
    for index in range(4):
        own = {"namespace": "ml", "pod": "p"} if index < 2 else {}
        scene.gpu(NODE, index, times, 0.3 if index == 0 else 0.0, **own)
    return scene.store(tmp_path_factory.mktemp("priced") / "store")


def ledger(store: ParquetStore, path: PricePath, start: float = START, end: float = END) -> Ledger:
    return compute_ledger(store, Window.of_seconds(start, end), Paths({"g6e.12xlarge": path}), Options())


def test_a_spot_path_is_integrated_as_by_hand(store: ParquetStore) -> None:
    """10 minutes at $3, 100 s at $6, the rest (500 s) at $2.40: $0.50 + $0.1667 + $0.3333."""
    found = ledger(store, steps((0, 3.0), (600, 6.0), (700, 2.4)))
    assert math.fsum(row["dollars"] for row in rows_of(found)) == pytest.approx(1.0, rel=1e-12)
    assert sum(by(found, "state").values()) == pytest.approx(4 * 1200)
    in_cell = [row for row in rows_of(found) if row["start"].timestamp() == START + 600 and row["state"] == "free"]
    parts = sorted((row["seconds"], row["dollars"]) for row in in_cell)
    assert [seconds for seconds, _ in parts] == pytest.approx([100.0, 100.0, 200.0, 200.0])
    assert [dollars for _, dollars in parts] == pytest.approx([100 * 1.5 / 3600] * 2 + [200 * 0.6 / 3600] * 2)


def test_a_spell_without_a_price_has_seconds_and_no_dollars(store: ParquetStore) -> None:
    found = ledger(store, steps((0, 3.6), (450, None), (1050, 3.6)))
    rows = rows_of(found)
    assert math.fsum(row["seconds"] for row in rows if row["dollars"] is None) == pytest.approx(4 * 600)
    assert math.fsum(row["dollars"] for row in rows if row["dollars"] is not None) == pytest.approx(0.6)
    report = build_report(found, [])
    assert (report.bill.dollars.value, report.bill.dollars.coverage) == pytest.approx((0.6, 0.5))
    assert (report.nodes[0].dollars.value, report.nodes[0].dollars.coverage) == pytest.approx((0.6, 0.5))
    spots = [one for one in report.blind_spots if one.signal == "price"]
    assert [(one.subject, round(one.accelerator_seconds, 6), one.dollars) for one in spots] == [(NODE, 2400.0, None)]
    assert [team.dollars.value for team in report.teams] == [None]


def test_a_node_that_no_source_prices_is_unknown_not_free(store: ParquetStore) -> None:
    found = ledger(store, constant(None))
    report = build_report(found, [])
    assert {row["dollars"] for row in rows_of(found)} == {None}
    assert (report.bill.dollars.value, report.bill.dollars.coverage) == (None, 0.0)
    assert report.bill.dollars.reason == "no accelerator node has a known price"


@pytest.mark.parametrize("dollars", [0.0, -1.0, math.nan, math.inf])
def test_a_price_of_nothing_is_no_price(dollars: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        price(dollars)


amounts = st.one_of(st.none(), st.floats(0.01, 200.0))
# Inside cells, at their edges, before and after the window; as odd as a microsecond.
times_us = st.one_of(
    st.integers(-400, 1500).map(lambda seconds: seconds * 1_000_000),
    st.integers(0, 4).map(lambda cell: cell * 300_000_000),
    st.integers(-1_000_000, 1_300_000_000),
)
paths = st.dictionaries(times_us, amounts, min_size=1, max_size=6).map(
    lambda told: PricePath(tuple(Step(START_US + at, price(to) if to else None) for at, to in sorted(told.items())))
)


def _plain(path: PricePath, start: float, end: float) -> tuple[float, float]:
    """Dollars and priced seconds of the node, from edge to edge of the path."""
    edges = sorted({start * 1e6, end * 1e6, *(one.start for one in path.steps if start * 1e6 < one.start < end * 1e6)})
    dollars, seconds = [], []
    for since, until in pairwise(edges):
        said = [one for one in path.steps if one.start <= since] or [path.steps[0]]
        if now := said[-1].price:
            dollars.append(now.dollars_per_hour * (until - since) / 3.6e9)
            seconds.append((until - since) / 1e6)
    return math.fsum(dollars), math.fsum(seconds)


@few
@given(path=paths, edge=st.integers(1, 3))
def test_any_path_equals_a_plain_loop_and_splits_anywhere(store: ParquetStore, path: PricePath, edge: int) -> None:
    whole, middle = ledger(store, path), START + 300 * edge
    dollars, seconds = _plain(path, START, END)
    rows = rows_of(whole)
    assert math.fsum(row["dollars"] or 0.0 for row in rows) == pytest.approx(dollars, rel=1e-9)
    assert math.fsum(row["seconds"] for row in rows) == pytest.approx(4 * 1200, rel=1e-9)
    known = math.fsum(row["seconds"] for row in rows if row["dollars"] is not None)
    assert known == pytest.approx(4 * seconds, rel=1e-9, abs=1e-6)
    parts = [*rows_of(ledger(store, path, START, middle)), *rows_of(ledger(store, path, middle, END))]
    by_state: dict[tuple[str, str], float] = {}
    for sign, several in ((1, parts), (-1, rows)):
        for row in several:
            key = (row["device"], row["state"])
            by_state[key] = by_state.get(key, 0.0) + sign * (row["dollars"] or 0.0)
    assert all(abs(left) <= 1e-9 * max(1.0, dollars) for left in by_state.values())


@settings(derandomize=True, database=None)
@given(path=paths, cut=st.integers(0, 1_200_000_000), count=st.integers(1, 9))
def test_seconds_and_dollars_of_a_path_add_up(path: PricePath, cut: int, count: int) -> None:
    end = START_US + 1_200_000_000
    whole = priced(path, START_US, end, count)
    parts = [priced(path, START_US, START_US + cut, count), priced(path, START_US + cut, end, count)]
    assert math.fsum(one.dollars or 0.0 for one in parts) == pytest.approx(whole.dollars or 0.0, rel=1e-9)
    assert math.fsum(one.priced_seconds for one in parts) == pytest.approx(whole.priced_seconds, rel=1e-9)
    assert (whole.dollars is None) == (whole.priced_seconds == 0)


def test_sources_are_named_once_with_their_dates(store: ParquetStore) -> None:
    path = PricePath(tuple(Step(START_US + 100_000_000 * day, price(2.0 + day, day + 1)) for day in range(3)))
    assert build_report(ledger(store, path), []).bill.dollars.sources == [
        "spot price history, 2026-11-01 to 2026-11-03"
    ]


@pytest.mark.parametrize("basis", [LIST, EFFECTIVE])
def test_the_basis_is_printed_and_in_every_row(store: ParquetStore, basis: str) -> None:
    prices, options = Paths({"g6e.12xlarge": constant(price(3.6))}), Options(price_basis=basis)
    found = compute_ledger(store, Window.of_seconds(START, END), prices, options)
    assert {row["price_basis"] for row in rows_of(found)} == {basis}
    report = build_report(found, [])
    assert report.bill.price_basis == basis
    assert f"{basis} prices" in table(report)
    assert f"{basis} prices" in markdown(report)


def test_a_price_book_says_its_basis_and_what_must_be_known_of_its_prices(store: ParquetStore) -> None:
    book = PriceBook([PackagedTable()], warnings=["the Price List is two days old"])
    report = build_report(
        compute_ledger(store, Window.of_seconds(START, END), book, Options(price_basis=EFFECTIVE)), []
    )
    assert report.bill.price_basis == LIST
    assert "the Price List is two days old" in report.warnings


def test_a_source_is_asked_for_the_node_itself(store: ParquetStore) -> None:
    prices = Paths({})
    compute_ledger(store, Window.of_seconds(START, END), prices)
    assert [(one.node, one.provider_id, one.instance_type) for one in prices.asked] == [
        (NODE, f"aws:///{NODE}", "g6e.12xlarge")
    ]


def test_a_guessed_type_costs_between_its_cheapest_and_its_dearest_path(tmp_path: Path) -> None:
    """Four A10G can be two types. What counts is the sum over the node's life, not where a price begins."""
    scene, times = Scene(), every(START - 300, END, 30)
    scene.add("kube_node_info", times, node=NODE, provider_id="aws:///us-east-1a/i-1")
    for index in range(4):
        scene.gpu(NODE, index, times, 0.0, modelName="NVIDIA A10G")
    by_type = {"g5.12xlarge": steps((0, 9.0)), "g5.24xlarge": steps((0, 6.0), (300, 12.0))}
    store = scene.store(tmp_path / "store")
    found = compute_ledger(store, Window.of_seconds(START, END), Paths(by_type))
    figure = build_report(found, []).bill.dollars
    assert [figure.value, figure.low, figure.high] == pytest.approx([3.0, 3.0, 3.5])


def test_fees_are_lines_beside_the_bill(store: ParquetStore) -> None:
    """Twenty minutes of a control plane at $0.60 and of Auto Mode on one node at $1.20; half the window is priced."""
    fees = [
        Fee("EKS control plane", "prod", steps((0, 0.6), (600, None))),
        Fee("EKS Auto Mode", "prod", constant(price(1.2)), "g6e.12xlarge"),
        Fee("EKS Auto Mode", "prod", constant(price(9.9)), "p5.48xlarge"),
    ]
    found = compute_ledger(store, Window.of_seconds(START, END), PriceBook([], fees=fees))
    report = build_report(found, [])
    lines = {line.name: line.dollars for line in report.bill.fees}
    assert (lines["EKS control plane"].value, lines["EKS control plane"].coverage) == pytest.approx((0.1, 0.5))
    assert (lines["EKS Auto Mode"].value, lines["EKS Auto Mode"].coverage) == pytest.approx((0.4, 1.0))
    assert report.bill.dollars.value is None
    assert sum(line.dollars for line in report.ledger) == 0
    for text in (table(report), markdown(report)):
        assert "Beside the bill: EKS control plane $0.10" in text


AUTO = Fee("EKS Auto Mode", "", constant(price(1.2)), "g6e.12xlarge")


@pytest.mark.parametrize(
    ("labels", "dollars", "is_asked"),
    [
        ({"a": {"label_eks_amazonaws_com_compute_type": "auto"}, "b": {}}, 0.4, False),
        ({"a": {}, "b": {}}, 0.8, True),
        ({"a": {"label_eks_amazonaws_com_compute_type": "hybrid"}, "b": {}}, 0.4, True),
    ],
    ids=["one-is-told", "nothing-is-told", "one-is-not"],
)
def test_auto_mode_takes_its_fee_for_its_own_nodes(
    tmp_path: Path, labels: dict[str, dict[str, str]], dollars: float, is_asked: bool
) -> None:
    """Twenty minutes at $1.20 are $0.40; where nothing tells whose nodes they are, the report asks."""
    scene, times = Scene(), every(START - 300, END, 30)
    for name, more in labels.items():
        scene.add("kube_node_info", times, node=name, provider_id=f"aws:///{name}")
        scene.add("kube_node_labels", times, node=name, label_node_kubernetes_io_instance_type="g6e.12xlarge", **more)
    book = PriceBook([], fees=[AUTO])
    report = build_report(compute_ledger(scene.store(tmp_path / "store"), Window.of_seconds(START, END), book), [])
    assert [fee.dollars.value for fee in report.bill.fees] == pytest.approx([dollars])
    assert any("nothing tells whether EKS Auto Mode" in said for said in report.warnings) == is_asked


def test_the_report_says_its_currency_and_refuses_to_add_two(store: ParquetStore) -> None:
    assert build_report(ledger(store, constant(price(3.6))), []).bill.currency == "USD"
    yuan = Price(25.0, EFFECTIVE, "AWS Price List", date(2026, 11, 1), "g6e.12xlarge", currency="CNY")
    assert build_report(ledger(store, constant(yuan)), []).bill.currency == "CNY"
    mixed = PricePath((Step(0, yuan), Step(START_US + 600_000_000, price(3.6))))
    with pytest.raises(MixedCurrencies, match=r"in CNY and in USD.*`currencies` of the rate card"):
        ledger(store, mixed)


def test_a_price_that_is_missing_can_come_from_a_rate_card(store: ParquetStore) -> None:
    spots = [one for one in build_report(ledger(store, constant(None)), []).blind_spots if one.signal == "price"]
    assert ["--prices FILE" in one.remedy for one in spots] == [True]
