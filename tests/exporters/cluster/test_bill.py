"""What the recorded cluster cost, from its watch streams, and from the collector's pages alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from exporters.canonical import nodes
from exporters.cluster.kinds import CLAIMS
from exporters.cluster.mirror import Mirror, Pace
from exporters.cluster.node_life import NodeLife
from exporters.cluster.node_sources import ClaimSource
from exporters.cluster.resource import Page, Reader
from tests.exporters.cluster.conftest import Recording

SCRAPE_SECONDS = 10.0
ALL_DAY = Pace(remember_gone=86_400, first_listing=0)


def lives(recording: Recording) -> list[NodeLife]:
    """Of all NodeClaims, by the watch streams."""
    now = [0.0]
    mirror: Mirror[NodeLife] = Mirror(CLAIMS, None, ALL_DAY, lambda: now[0])
    for now[0] in recording.replay(mirror):
        pass
    assert mirror.known() == {}
    return [replace(life, gone=at) for at, life in mirror.gone()]


def paid_seconds(life: NodeLife) -> float:
    """From launch to the end of the NodeClaim."""
    assert life.launched is not None
    assert life.gone is not None
    return life.gone - life.launched


def dollars(recording: Recording, life: NodeLife) -> float:
    return recording.prices()[life.instance_type, life.capacity_type, life.zone] * paid_seconds(life) / 3600


def test_each_nodes_times_are_those_of_the_truth(recording: Recording) -> None:
    found = {life.nodeclaim: life for life in lives(recording)}
    truth = {one["nodeclaim"]: one for one in recording.truth()["nodes"]}
    assert found.keys() == truth.keys()
    for name, life in found.items():
        one = truth[name]
        for field in ("node", "provider_id", "nodepool", "instance_type", "zone", "capacity_type"):
            assert getattr(life, field) == one[field], (name, field)
        for field in ("launched", "registered", "initialized", "deletion_requested", "gone"):
            assert getattr(life, field) == one.get(field), (name, field)
        assert life.created == one["nodeclaim_created"]
        assert life.reservation == one.get("reservation_id", "")
        assert paid_seconds(life) == pytest.approx(one["billed_seconds"], abs=1e-6)
        assert dollars(recording, life) == pytest.approx(one["cost"], abs=1e-6)


def test_the_bill_is_exact(recording: Recording) -> None:
    """The truth rounds each node's cost to a millionth of a dollar before it adds them up."""
    costs = [dollars(recording, life) for life in lives(recording)]
    assert f"{sum(round(cost, 6) for cost in costs):.6f}" == "20.352432"
    assert recording.truth()["totals"]["cost"] == 20.352432


def test_the_pages_alone_give_it_within_one_scrape_and_exactly_with_the_end_told(recording: Recording) -> None:
    now = [0.0]
    mirror: Mirror[NodeLife] = Mirror(CLAIMS, None, Pace(), lambda: now[0])
    mirror.replace(Page({}, "231", ""))  # what the listing before the recording's watch said
    source = ClaimSource(mirror, lambda: now[0])
    bought: dict[str, tuple[str, str, str]] = {}
    launched, last_seen, gone = dict[str, float](), dict[str, float](), dict[str, float]()
    for now[0] in scrapes(recording, mirror):
        for sample in source.read():
            labels = dict(sample.labels)
            name = labels["nodeclaim"]
            if sample.metric is nodes.claim_info:
                bought[name] = labels["instance_type"], labels["capacity_type"], labels["zone"]
            elif sample.metric is nodes.launched_seconds:
                launched[name], last_seen[name] = sample.value, now[0]
            else:
                gone[name] = sample.value
    truth = {one["nodeclaim"]: one for one in recording.truth()["nodes"]}
    assert launched.keys() == gone.keys() == truth.keys()
    for name, one in truth.items():
        assert 0 <= one["gone"] - last_seen[name] <= SCRAPE_SECONDS
    prices = recording.prices()
    costs = [prices[bought[name]] * (gone[name] - launched[name]) / 3600 for name in truth]
    assert f"{sum(round(cost, 6) for cost in costs):.6f}" == "20.352432"


def scrapes(recording: Recording, mirror: Mirror[NodeLife]) -> Iterator[float]:
    """The time of each scrape, the mirror being as it was then; ends some scrapes after the last line."""
    reader = Reader(CLAIMS)
    lines = list(recording.lines("nodeclaims"))
    at = lines[0][0]
    while lines or at < recording.truth()["end"] + 3 * SCRAPE_SECONDS:
        while lines and lines[0][0] <= at:
            came, line = lines.pop(0)
            mirror.apply(reader.change(line), came)
        yield at
        at += SCRAPE_SECONDS
