"""Small fleets, and what one rule says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pytest

from analyzer.advice.advise import advice_of, signals
from analyzer.advice.finding import Advice, Declined, Finding
from analyzer.advice.rule import Rule, all_rules
from analyzer.advice.settings import Settings
from analyzer.advice.thresholds import Thresholds
from analyzer.ledger.fleet import Prices
from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.instances import DatedTable
from analyzer.pricing.path import PricePath, Resource
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, every

TODAY = date(2026, 11, 10)
HOUR = 3600.0
HOURS = 6.0  # of a fleet, unless a test says otherwise
STEP = 120.0
POOL = "gpu"


@dataclass(frozen=True, slots=True)
class Priced:
    """The shipped prices, as if they had been read on the fleets' day."""

    as_of: date = TODAY

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        return DatedTable().path(resource, start, end).each(lambda price: replace(price, as_of=self.as_of))


LedgerOf = Callable[..., Ledger]


@pytest.fixture(scope="session")
def ledger_of(tmp_path_factory: pytest.TempPathFactory) -> LedgerOf:
    """The ledger of a fleet, with all that rules read."""

    def made(
        scene: Scene, hours: float = HOURS, prices: Prices | None = None, options: Options | None = None
    ) -> Ledger:
        store = scene.store(tmp_path_factory.mktemp("fleet") / "store")
        window = Window.of_seconds(START, START + hours * HOUR)
        return compute_ledger(store, window, prices or Priced(), options or Options(), also=signals())

    return made


def said(ledger: Ledger, rule: str, settings: Settings | None = None, **thresholds: float) -> Advice:
    """What one rule says of a ledger."""
    chosen = settings or Settings(Thresholds(**thresholds))
    return advice_of(ledger, chosen, today=TODAY, rules=[the_rule(rule)])


def the_rule(name: str) -> Rule:
    [rule] = [one for one in all_rules() if one.id == name]
    return rule


def times(since: float = 0.0, until: float = HOURS, step: float = STEP) -> list[tuple[float, float]]:
    """Scrapes between two hours of the fleet's time; from the first one on, also a little before it."""
    return every(START + since * HOUR - (300 if since == 0 else 0), START + until * HOUR, step)


def at(value: float, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times with another value."""
    return [(when, value) for when, _ in points]


def node(
    scene: Scene,
    name: str,
    gpus: int = 1,
    instance_type: str = "p5.4xlarge",
    pool: str = POOL,
    capacity_type: str = "on-demand",
    active: float = 0.0,
    points: list[tuple[float, float]] | None = None,
) -> Scene:
    """A node with its devices; in a NodePool of Karpenter's unless `pool` is empty."""
    points = points or times()
    own = {"node_name": name, "nodepool": pool, "instance_type": instance_type, "capacity_type": capacity_type}
    if pool:
        scene.add("karpenter_nodes_allocatable", points, **own, resource_type="cpu")
        used = {"nodepool": pool, "resource_type": "nvidia.com/gpu"}
        scene.add("karpenter_nodepools_usage", at(gpus, points), **used) if name.endswith("0") else None
    for index in range(gpus):
        scene.gpu(name, index, points, active)
    return scene.node(name, points, instance_type, gpus)


def worker(scene: Scene, name: str = "w0", gpus: int = 1, active: float = 0.5) -> Scene:
    """A node outside of all pools with a holder that works: it makes kube-state-metrics tell of requests."""
    node(scene, name, gpus, "g5.xlarge", pool="", active=active)
    return scene.pod(f"holder-{name}", name, times(), float(gpus), "10.0.9.1")


def only(findings: Sequence[Finding]) -> Finding:
    [finding] = findings
    return finding


def reasons(declined: Iterable[Declined]) -> str:
    """All that was declined, as text."""
    return "\n".join(f"{one.subject}: {one.reason}" for one in declined)


def fell(scene: Scene, name: str, since: float, until: float, **labels: str) -> Scene:
    """The series with these labels are 0 between two hours."""
    wanted = set(labels.items())
    scene.points = [
        (series, when, 0.0)
        if series.name == name and wanted <= set(series.labels) and since * HOUR <= when - START < until * HOUR
        else (series, when, value)
        for series, when, value in scene.points
    ]
    return scene
