"""One server that holds several Prometheus' samples: HA pairs that nobody merged, clusters side by side."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpuyield.__main__ import main
from tests.analyzer.conftest import START, Ledgers, Scene, by, every
from tests.analyzer.stores.prometheus.small_fleet import END, HOURS, TOKENS_PER_SECOND, add_fleet
from tests.real_servers import prometheus, prometheus_binaries

Points = Sequence[tuple[float, float]]


@contextmanager
def served(scene: Scene, folder: Path) -> Iterator[str]:
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")
    scene.store(folder / "store")
    with prometheus(prometheus_binaries()[0], folder / "store", folder / "server") as running:
        yield running.url


def advise(url: str, capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    """The report of the two hours, as JSON."""
    words = ["advise", "--prometheus", url, "--start", str(START), "--end", str(END), "--format", "json", *more]
    assert main(words) == 0
    return msgspec.json.decode(capsys.readouterr().out)


def replica(scene: Scene, labels: dict[str, str], late: float, lost: Points) -> None:
    """What one of a pair has: scraped somewhat late, with nothing between the ends of each `lost`."""
    kube, pages = (
        [one for one in every(START - 600 + late, END + 600, step) if not any(a < one[0] < b for a, b in lost)]
        for step in (30.0, 15.0)
    )
    add_fleet(scene, kube, pages, **labels)


@dataclass(frozen=True, slots=True)
class Alone:
    """What one cluster costs that one Prometheus saw whole."""

    bill: float
    dollars: dict[str, float]  # by state


@pytest.fixture(scope="module")
def alone(ledgers: Ledgers) -> Alone:
    dollars = by(ledgers(add_fleet(Scene()), START, END), "state", "dollars")
    return Alone(sum(dollars.values()), dollars)


@pytest.mark.parametrize("label", ["prometheus_replica", "replica"])
@pytest.mark.parametrize("has_holes", [False, True], ids=["whole", "with holes"])
def test_an_ha_pair_counts_once(
    alone: Alone, tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str, has_holes: bool
) -> None:
    """Each replica misses other scrapes; together they have them all."""
    chance = random.Random(7)
    turns = [START + 700 * number for number in range(11)]
    lost = [[(at, at + chance.uniform(60, 600)) for at in turns[number::2]] for number in (0, 1)]
    scene = Scene()
    for number, name in enumerate(("a", "b")):
        replica(scene, {label: name}, 7.0 * number, lost[number] if has_holes else [])
    with served(scene, tmp_path) as url:
        report = advise(url, capsys)
    for model in report["models"]:
        whole = TOKENS_PER_SECOND[model["model"]] * HOURS * 3600
        assert model["tokens"]["generation"]["value"] == pytest.approx(whole, rel=2e-3 if has_holes else 1e-12)
    assert len(report["models"]) == len(TOKENS_PER_SECOND)
    for line in report["ledger"]:
        assert line["dollars"] == pytest.approx(alone.dollars[line["state"]], rel=2e-2, abs=0.05)
    assert report["bill"]["dollars"]["value"] == pytest.approx(alone.bill, rel=1e-6)


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two clusters whose nodes, pods and addresses have the same names, told apart by `region_name` only."""
    scene = Scene()
    for number, cluster in enumerate(("one", "two")):
        own = Scene()
        add_fleet(own, region_name=cluster)
        for series, at, value in own.points:
            labels = dict(series.labels)
            if "provider_id" in labels:
                labels["provider_id"] = f"aws:///us-east-1a/i-{number}{labels['node']}"
            if "UUID" in labels:
                labels["UUID"] += f"-{number}"
            scene.add(series.name, [(at, value)], **labels)
    with served(scene, tmp_path_factory.mktemp("clusters")) as url:
        yield url


def test_two_clusters_are_two_with_the_label_that_tells_them_apart(
    clusters: str, alone: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    report = advise(clusters, capsys, "--cluster-label", "region_name")
    assert report["bill"]["dollars"]["value"] == pytest.approx(2 * alone.bill, rel=1e-9)
    generated = sum(model["tokens"]["generation"]["value"] for model in report["models"])
    assert generated == pytest.approx(2 * HOURS * 3600 * sum(TOKENS_PER_SECOND.values()), rel=1e-12)


def test_one_of_two_clusters_can_be_chosen(clusters: str, alone: Alone, capsys: pytest.CaptureFixture[str]) -> None:
    report = advise(clusters, capsys, "--match", "region_name=two")
    assert report["bill"]["dollars"]["value"] == pytest.approx(alone.bill, rel=1e-9)


def test_two_clusters_without_a_label_are_refused(clusters: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--prometheus", clusters, "--start", str(START), "--end", str(END)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "two machines at the same time" in told.err
    assert "--cluster-label" in told.err
