"""Servers work by day, rest at night, and count tokens only while they work."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from exporters.simulation.fleet import DEMO_START, Fleet
from exporters.simulation.servers import ServerPage
from exporters.simulation.story import Demand
from exporters.simulation.traffic import Traffic, intensity


def _flows(fleet: Fleet) -> list[Traffic]:
    return [target.page.traffic for target in fleet.targets if isinstance(target.page, ServerPage)]


def test_days_are_fuller_than_nights_and_weekends() -> None:
    day, night = DEMO_START + 15 * 3600, DEMO_START + 3 * 3600
    assert intensity(day, Demand()) == 1
    assert intensity(night, Demand()) < 0.2
    assert intensity(day + 5 * 86400, Demand()) < 0.5


def test_tokens_rise_exactly_while_something_runs(fleet: Fleet) -> None:
    for flow in _flows(fleet):
        assert np.array_equal(flow.running.levels > 0, flow.generated.levels > 0)
        assert np.array_equal(flow.running.levels > 0, flow.served.levels > 0)
        spans = [(flow.running.at(np.array([s.start]))[0], flow.running.at(np.array([s.end]))[0]) for s in flow.active]
        assert all(first > 0 and last == 0 for first, last in spans)


def test_gaps_last_minutes_but_for_some(fleet: Fleet) -> None:
    gaps = np.array([b.start - a.end for flow in _flows(fleet) for a, b in pairwise(flow.active)])
    assert np.median(gaps) > 300
    assert 0.05 < np.mean(gaps < 60) < 0.3


def test_working_hours_are_nearly_always_busy(fleet: Fleet) -> None:
    noon = np.array([DEMO_START + day * 86400 + 12 * 3600 + minute * 60 for day in range(5) for minute in range(300)])
    night = np.array([DEMO_START + day * 86400 + 3600 + minute * 60 for day in range(5) for minute in range(300)])
    flow = _flows(fleet)[0]
    assert np.mean(flow.running.at(noon) > 0) > 0.95
    assert np.mean(flow.running.at(night) > 0) < 0.4
