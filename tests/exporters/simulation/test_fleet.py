"""The whole fleet: the same from the same seed, whoever makes it and however it is read."""

from __future__ import annotations

import pickle
import time
from itertools import pairwise

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.simulation.fleet import DEMO_START, Fleet, demo_fleet


def test_the_seed_decides_everything(fleet: Fleet) -> None:
    again = demo_fleet()
    assert again.truth == fleet.truth
    assert again.tokens == fleet.tokens
    for one, other in zip(fleet.targets, again.targets, strict=True):
        assert one.labels == other.labels
        since = fleet.start + 2.6 * 86400
        assert list(one.pages(since, since + 1800)) == list(other.pages(since, since + 1800))
    assert demo_fleet(seed=8).tokens != fleet.tokens


def test_a_copy_in_another_process_tells_the_same(morning: Fleet) -> None:
    copy: Fleet = pickle.loads(pickle.dumps(morning))
    for one, other in zip(morning.targets, copy.targets, strict=True):
        assert list(one.pages(morning.start, morning.end)) == list(other.pages(morning.start, morning.end))


def test_pages_do_not_depend_on_how_the_window_is_cut(fleet: Fleet) -> None:
    since = fleet.start + 3 * 86400
    for target in fleet.targets:
        whole = list(target.pages(since, since + 7200))
        halves = [*target.pages(since, since + 2900.5), *target.pages(since + 2900.5, since + 7200)]
        assert whole == halves


def test_a_page_of_every_target_parses(fleet: Fleet) -> None:
    for target in fleet.targets:
        page = next(page for _, page in target.pages(fleet.start, fleet.end) if page)
        families = list(text_string_to_metric_families(page.decode()))
        assert len({family.name for family in families}) == len(families)
        series = [(sample.name, *sorted(sample.labels.items())) for family in families for sample in family.samples]
        assert len(set(series)) == len(series)


def test_targets_are_told_apart_and_scraped_imperfectly(fleet: Fleet) -> None:
    assert len({target.name for target in fleet.targets}) == len(fleet.targets)
    target = next(target for target in fleet.targets if target.honor_labels)
    scrapes = list(target.pages(fleet.start, fleet.end))
    gaps = np.diff([at for at, _ in scrapes])
    assert len(scrapes) == pytest.approx(7 * 1440, abs=1)
    assert 0 < gaps.std() < 0.2
    assert np.mean([page is None for _, page in scrapes]) == pytest.approx(0.02, abs=0.006)


def test_lives_of_a_container_follow_one_another(fleet: Fleet) -> None:
    for pod in fleet.pods:
        assert all(before.end <= after.start for before, after in pairwise(pod.lives))
        assert all(life.start <= life.ready for life in pod.lives)
        assert pod.bound <= pod.lives[0].start


@pytest.mark.parametrize("weekday", range(7))
def test_nothing_runs_in_a_pod_that_is_gone(weekday: int) -> None:
    other = demo_fleet(start=DEMO_START + weekday * 86400)
    for pod in other.pods:
        assert all(life.start < pod.held.end for life in pod.lives)
        assert all(min(life.end, other.end) <= pod.held.end for life in pod.lives)
    assert all(spell.pod for spell in other.truth if spell.state in {"active", "unknown"})


def test_no_two_pods_hold_the_same_share(fleet: Fleet) -> None:
    for pod in fleet.pods:
        for other in fleet.pods:
            if pod is not other and pod.node == other.node and set(pod.holds) & set(other.holds):
                assert pod.held.within(other.held) is None


def test_nothing_is_told_of_a_node_that_is_not_there_yet(morning: Fleet) -> None:
    assert "ip-10-0-1-16.ec2.internal" not in {node.name for node in morning.nodes}
    assert not any("10.0.1.16:" in target.name for target in morning.targets)


def test_a_few_hours_are_made_in_a_moment() -> None:
    began = time.perf_counter()
    short = demo_fleet(days=3 / 24, start=DEMO_START)
    lines = sum(
        page.count(b"\n") for target in short.targets for _, page in target.pages(short.start, short.end) if page
    )
    assert lines > 100_000
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("seed", [1, 2, 3, 2026])
def test_other_seeds_hold_together(seed: int) -> None:
    other = demo_fleet(seed=seed)
    assert len({target.name for target in other.targets}) == len(other.targets)
    assert {spell.state for spell in other.truth} >= {"active", "held-idle", "free-fragmented", "unknown"}
