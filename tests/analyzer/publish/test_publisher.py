"""Passes over a store that grows, stays away, or hears late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analyzer.ledger.ledger import compute_ledger
from analyzer.pricing.instances import DatedTable
from analyzer.publish.publisher import Pace, Publisher
from analyzer.stores.frame import Store
from analyzer.stores.parquet import ParquetStore
from analyzer.window import CELL_SECONDS
from exporters.source import SourceFailed
from tests.analyzer.conftest import START, Scene
from tests.analyzer.publish.conftest import HOUR, Growing, small_day

Grow = Callable[[Scene], Growing]
_PACE = Pace(settle=120, horizon=1800, catch_up=2 * HOUR, zero=None, findings=0)


class _Clock:
    def __init__(self) -> None:
        self.now = START + 30 * HOUR

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class World:
    """A publisher of a growing store. `is_away`: the store does not answer."""

    def __init__(self, growing: Growing, state: Path, pace: Pace = _PACE) -> None:
        self.growing = growing
        self.state = state
        self.clock = _Clock()
        self.pace = pace
        self.is_away = False
        self.restart()

    def restart(self) -> None:
        self.publisher = Publisher(
            self._opened,
            lambda store, window: compute_ledger(store, window, DatedTable()),
            self.pace,
            self.clock,
            self.state,
        )

    def told(self, name: str, **labels: str) -> float:
        """The sum of what is told under a name with these labels."""
        wanted = labels.items()
        found = [one.value for one in self.publisher.samples if one.metric.name == name and wanted <= set(one.labels)]
        return sum(found)

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        if self.is_away:
            raise SourceFailed("the store is away")
        yield ParquetStore(self.growing.path)


@pytest.fixture
def world(growing: Grow, tmp_path: Path) -> World:
    return World(growing(small_day(5.0)), tmp_path / "state")


def test_it_begins_with_the_newest_closed_cell(world: World) -> None:
    world.growing.until(START + HOUR + 61)
    world.publisher.run()
    assert world.told("ledger_accelerator_seconds_total") == 8 * CELL_SECONDS
    assert world.told("ledger_dollars_total", price_basis="list") == pytest.approx(55.04 / 12)
    assert world.told("ledger_closed_cell_timestamp_seconds") == START + HOUR
    assert world.told("ledger_coverage_ratio", signal="state") == 1.0


def test_a_cell_is_not_closed_before_it_has_settled(world: World) -> None:
    world.growing.until(START + HOUR + 61)
    world.clock.now = START + HOUR + 119
    world.publisher.run()
    assert world.told("ledger_closed_cell_timestamp_seconds") == START + HOUR - CELL_SECONDS


def test_a_pass_without_news_changes_nothing(world: World) -> None:
    world.growing.until(START + HOUR + 61)
    world.publisher.run()
    before = world.publisher.samples
    world.publisher.run()
    assert world.publisher.samples == before


def test_what_passed_while_it_was_down_is_caught_up_from_the_store(world: World) -> None:
    world.growing.until(START + HOUR + 61)
    world.publisher.run()
    world.growing.until(START + 2 * HOUR + 61)
    world.restart()
    world.publisher.run()
    assert world.told("publish_cells_total", result="published") == 13
    assert world.told("ledger_accelerator_seconds_total") == 13 * 8 * CELL_SECONDS


def test_what_is_older_than_the_limit_is_counted_as_skipped(world: World) -> None:
    world.growing.until(START + HOUR + 61)
    world.publisher.run()
    world.growing.until(START + 5 * HOUR + 61)
    world.publisher.run()
    assert world.told("publish_cells_total", result="skipped") == 24
    assert world.told("publish_cells_total", result="published") == 25


def test_while_the_store_is_away_the_totals_stay(world: World) -> None:
    world.growing.until(START + HOUR + 61)
    world.publisher.run()
    before, world.is_away = world.publisher.samples, True
    world.growing.until(START + 2 * HOUR + 61)
    with pytest.raises(SourceFailed):
        world.publisher.run()
    assert world.publisher.samples == before
    world.is_away = False
    world.publisher.run()
    assert world.told("publish_cells_total", result="published") == 13


def test_late_data_corrects_a_cell_and_what_it_takes_away_is_held_back(world: World) -> None:
    """The engine's page of a quarter of an hour comes late: until then the device alone speaks for the model."""
    late = [
        point
        for point in small_day(5.0).points
        if point[0].name.startswith("vllm") and START + 0.75 * HOUR <= point[1] < START + HOUR + 61
    ]
    world.growing.until(START + 0.75 * HOUR + 61)
    world.publisher.run()
    world.growing.until(START + HOUR + 61, keep=lambda point: not point[0].name.startswith("vllm"))
    world.publisher.run()
    paid, tokens = world.told("ledger_dollars_total"), world.told("ledger_tokens_total", kind="generation")
    world.growing.write(late)
    world.growing.until(START + HOUR + 2 * CELL_SECONDS + 61)
    world.publisher.run()
    assert world.told("publish_cells_total", result="corrected") > 0
    assert world.told("ledger_tokens_total", kind="generation") > tokens + 15 * 911
    held = world.told("publish_held_back_dollars")
    assert world.told("ledger_dollars_total") - held == pytest.approx(paid + 2 * 55.04 / 12)


def test_cells_older_than_the_horizon_are_final(growing: Grow, tmp_path: Path) -> None:
    world = World(growing(small_day(5.0)), tmp_path / "state", Pace(0, CELL_SECONDS, 2 * HOUR, None, 0))
    world.growing.until(START + HOUR + 61, keep=lambda point: not point[0].name.startswith("vllm"))
    world.publisher.run()
    late = [point for point in small_day(1.0).points if point[0].name.startswith("vllm")]
    world.growing.until(START + 2 * HOUR + 61)
    world.publisher.run()
    world.growing.write(late)
    world.growing.until(START + 2 * HOUR + CELL_SECONDS + 61)
    world.publisher.run()
    assert world.told("publish_cells_total", result="corrected") <= 1, "one cell is inside the horizon"


def test_findings_are_told_beside_the_totals(growing: Grow, tmp_path: Path) -> None:
    world = World(growing(small_day(5.0)), tmp_path / "state", Pace(0, 1800, 2 * HOUR, None, 4 * HOUR))
    world.growing.until(START + 5 * HOUR + 61)
    world.publisher.run()
    rules = {dict(one.labels)["rule"] for one in world.publisher.samples if one.metric.name.startswith("finding_")}
    assert rules, "two GPUs of eight are free for hours"
    assert world.told("ledger_accelerator_seconds_total") == 8 * CELL_SECONDS


def test_the_pool_that_a_node_belongs_to_is_told(growing: Grow, tmp_path: Path) -> None:
    scene = small_day(0.5)
    pool = {"label_karpenter_sh_nodepool": "gpu", "label_node_kubernetes_io_instance_type": "p5.48xlarge"}
    scene.add("kube_node_labels", [(START + step * 60, 1.0) for step in range(40)], node="n1", **pool)
    world = World(growing(scene), tmp_path / "state")
    world.growing.until(START + CELL_SECONDS + 61)
    world.publisher.run()
    assert world.told("ledger_accelerator_seconds_total", nodepool="gpu") == 8 * CELL_SECONDS
