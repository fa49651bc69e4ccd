"""When the last pod is gone and nodes are still listed, nobody holds anything: that is known, not silence."""

from __future__ import annotations

import pytest

from tests.analyzer.conftest import START, Ledgers, Scene, by, every

HOUR = every(START, START + 3600, 30)
HALF = every(START, START + 1800, 30)


def test_the_last_pod_ends_when_it_is_not_listed_any_more(ledgers: Ledgers) -> None:
    scene = Scene().node("a", HOUR, "p5.4xlarge", 1).gpu("a", 0, HOUR, 0.5).pod("last", "a", HALF, 1, "10.0.0.9")
    found = by(ledgers(scene, START, START + 3600), "state")
    assert found["free"] == pytest.approx(1800, abs=60)
    assert found.get("unknown", 0.0) < 60


def test_where_nodes_fall_silent_too_the_pod_is_not_taken_to_be_gone(ledgers: Ledgers) -> None:
    scene = Scene().node("a", HALF, "p5.4xlarge", 1).gpu("a", 0, HOUR, 0.5).pod("last", "a", HALF, 1, "10.0.0.9")
    found = by(ledgers(scene, START, START + 3600), "state")
    assert found.get("free", 0.0) < 60
