"""A mirror follows an API server through restarts, cut connections, expiry and refusals, and says when it cannot."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.cluster.kinds import CLAIMS, NODES, PODS
from exporters.cluster.mirror import Mirror, Pace
from exporters.cluster.objects import Node
from exporters.cluster.resource import Change, ChangeKind, Page
from exporters.source import SourceAbsent, SourceFailed
from tests.exporters.cluster.conftest import FAST, Cluster, Recording, named, names, pod, wait_for

PATH = NODES.path


def test_it_lists_in_pages_and_then_follows(cluster: Cluster) -> None:
    for number in range(7):
        cluster.world.put(PATH, named(f"n{number}"))
    mirror = cluster.follow(NODES, Pace(page_limit=3, first_pause=0.02))
    assert names(mirror) == {f"n{number}" for number in range(7)}
    assert cluster.api.count(PATH, watch=False) == 3
    cluster.world.put(PATH, named("new"))
    cluster.world.put(PATH, named("n1", spec={"unschedulable": True}))
    cluster.world.remove(PATH, "n0")
    wait_for(lambda: "n0" not in names(mirror))
    assert names(mirror) == {"new", *(f"n{number}" for number in range(1, 7))}
    assert mirror.objects()["n1"].spec.unschedulable
    assert [node.metadata.name for _, node in mirror.gone()] == ["n0"]


def test_it_goes_on_where_it_was_after_a_restart_of_the_api_server(cluster: Cluster) -> None:
    cluster.world.put(PATH, named("a"))
    mirror = cluster.follow(NODES)
    wait_for(lambda: cluster.api.count(PATH, watch=True) == 1)
    cluster.halt()
    cluster.world.put(PATH, named("b"))
    cluster.world.remove(PATH, "a")
    cluster.resume()
    wait_for(lambda: mirror.known().keys() == {"b"})
    assert cluster.api.count(PATH, watch=False) == 0
    assert [node.metadata.name for _, node in mirror.gone()] == ["a"]


def test_it_lists_again_when_its_version_is_too_old(cluster: Cluster) -> None:
    cluster.world.put(PATH, named("a"))
    mirror = cluster.follow(NODES)
    wait_for(lambda: cluster.api.count(PATH, watch=True) == 1)
    cluster.halt()
    cluster.world.remove(PATH, "a")
    cluster.world.put(PATH, named("b"))
    cluster.world.compact()
    cluster.resume()
    wait_for(lambda: mirror.known().keys() == {"b"})
    assert mirror.gone() == ()  # nobody saw when it went


@pytest.mark.parametrize("number", ["34", "35"])
def test_the_recorded_refusal_of_an_old_version_is_understood(
    cluster: Cluster, recording: Recording, number: str
) -> None:
    """Its status is 200: the code stands in the only line."""
    cluster.world.put(PATH, named("a"))
    mirror = cluster.follow(NODES)
    wait_for(lambda: cluster.api.count(PATH, watch=True) == 1)
    cluster.halt()
    cluster.resume()
    cluster.api.raw_watches[PATH].append(recording.raw(number))
    wait_for(lambda: cluster.api.count(PATH, watch=False) == 1)
    assert names(mirror) == {"a"}


def test_a_token_that_expires_makes_it_start_anew_with_larger_pages(cluster: Cluster, recording: Recording) -> None:
    for number in range(9):
        cluster.world.put(PATH, named(f"n{number}"))
    first = b'{"metadata":{"resourceVersion":"1","continue":"old"},"items":[]}'
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(first)
    cluster.api.raw_lists[PATH].extend([head + first, recording.raw("30")])
    mirror = cluster.follow(NODES, Pace(page_limit=3, first_pause=0.02))
    assert len(names(mirror)) == 9
    limits = [asked for asked in cluster.api.asked if "limit=" in asked]
    assert ["limit=3" in asked for asked in limits[:2]] == [True, True]
    assert "limit=12" in limits[2]


def test_a_server_whose_listings_always_expire_is_not_asked_for_ever(cluster: Cluster, recording: Recording) -> None:
    cluster.api.raw_lists[PATH].extend([recording.raw("33")] * 20)
    mirror = cluster.follow(NODES, Pace(first_pause=30, first_listing=10))
    with pytest.raises(SourceFailed, match="expire before they end"):
        mirror.objects()
    assert cluster.api.count(PATH, watch=False) < 10


def test_a_line_that_was_cut_is_not_believed_and_comes_again(cluster: Cluster) -> None:
    mirror = cluster.follow(NODES)
    assert names(mirror) == set()
    cluster.api.is_cut_in_line = True
    cluster.world.put(PATH, named("a"))
    wait_for(lambda: names(mirror) == {"a"})
    assert cluster.api.count(PATH, watch=True) >= 2
    assert cluster.api.count(PATH, watch=False) == 1


def test_a_slow_connection_is_waited_for(cluster: Cluster) -> None:
    mirror = cluster.follow(NODES)
    assert names(mirror) == set()
    cluster.api.byte_pause_seconds = 0.01
    cluster.world.put(PATH, named("a", metadata={"labels": {"team": "x" * 3000}}))
    wait_for(lambda: names(mirror) == {"a"})


def test_a_watch_that_says_nothing_is_opened_anew(cluster: Cluster) -> None:
    """Its connection may be dead without a word; nothing is listed again for that."""
    cluster.world.put(PATH, named("a"))
    mirror = cluster.follow(NODES)
    wait_for(lambda: cluster.api.count(PATH, watch=True) >= 3)
    assert names(mirror) == {"a"}
    assert cluster.api.count(PATH, watch=False) == 1


def test_an_empty_watch_that_ends_at_once_is_not_asked_for_without_a_pause(
    cluster: Cluster, recording: Recording
) -> None:
    """As the real one does for a version from the future."""
    cluster.api.raw_watches[PATH].extend([recording.raw("25")] * 3)
    mirror = cluster.follow(NODES, Pace(first_pause=0.2, first_listing=10))
    assert names(mirror) == set()
    began = time.monotonic()
    wait_for(lambda: cluster.api.count(PATH, watch=True) > 3)
    assert time.monotonic() - began >= 0.3  # three pauses of at least half of 0.2 s


def test_the_recorded_pages_are_one_listing(cluster: Cluster, recording: Recording) -> None:
    """Three pages of pods; the token for the fourth has expired, and all is listed anew."""
    cluster.api.raw_lists[PODS.path].extend(recording.raw(number) for number in ("01", "02", "03", "30"))
    cluster.world.put(PODS.path, pod("a"))
    mirror = cluster.follow(PODS)
    assert names(mirror) == {"a"}
    asked = [each for each in cluster.api.asked if "continue=" in each]
    assert len(asked) == 3


def test_patience_that_is_asked_for_is_had(cluster: Cluster, recording: Recording) -> None:
    cluster.api.raw_lists[PATH].extend([recording.raw("26"), recording.raw("28")])
    mirror = cluster.follow(NODES)
    cluster.world.put(PATH, named("a"))
    wait_for(lambda: "a" in mirror.known())


def test_what_one_may_not_read_is_said_with_what_is_needed(cluster: Cluster, recording: Recording) -> None:
    cluster.api.denied.add(CLAIMS.path)
    cluster.api.raw_lists[PATH].append(recording.raw("11"))
    cluster.world.put(PATH, named("a"))
    nodes, claims = cluster.follow(NODES), cluster.follow(CLAIMS)
    with pytest.raises(SourceFailed, match=r"nodeclaims be read \(nodeclaims is forbidden.*`watch`"):
        claims.objects()
    wait_for(lambda: nodes.known().keys() == {"a"})  # once the role is there
    cluster.api.denied.clear()
    wait_for(lambda: claims.known() == {} and _answers(claims))


def _answers(mirror: Mirror[Any]) -> bool:
    try:
        mirror.objects()
    except SourceFailed:
        return False
    return True


def test_a_kind_that_does_not_exist_is_absent_until_it_does(cluster: Cluster, recording: Recording) -> None:
    cluster.api.raw_lists[CLAIMS.path].append(recording.raw("16"))
    cluster.api.missing.add(CLAIMS.path)
    mirror = cluster.follow(CLAIMS)
    with pytest.raises(SourceAbsent, match=r"has no /apis/karpenter\.sh/v1/nodeclaims"):
        mirror.objects()
    cluster.world.put(CLAIMS.path, named("a"))
    cluster.api.missing.clear()
    wait_for(lambda: mirror.known().keys() == {"a"})


@pytest.mark.parametrize(("number", "says"), [("14", "sign in again"), ("28", "status 500"), ("26", "status 504")])
def test_refusals_are_told_in_words(cluster: Cluster, recording: Recording, number: str, says: str) -> None:
    cluster.api.raw_lists[PATH].extend([recording.raw(number)] * 3)
    mirror = cluster.follow(NODES, Pace(first_pause=5, first_listing=10))
    wait_for(lambda: mirror.known() == {} and bool(cluster.api.asked))

    def reason() -> str:
        try:
            mirror.objects()
        except SourceFailed as failed:
            return str(failed)
        return ""

    wait_for(lambda: says in reason())
    assert "127.0.0.1" in reason()


def test_what_is_known_is_told_for_a_while_and_then_unknown(cluster: Cluster) -> None:
    cluster.world.put(PATH, named("a"))
    mirror = cluster.follow(NODES, FAST)
    assert names(mirror) == {"a"}
    cluster.halt()
    wait_for(lambda: not _answers(mirror))
    assert mirror.known() == {}
    cluster.resume()
    wait_for(lambda: _answers(mirror))
    assert names(mirror) == {"a"}


def test_a_listing_from_time_to_time_heals_what_was_missed(cluster: Cluster) -> None:
    mirror = cluster.follow(NODES, Pace(first_pause=0.02, resync=0.1, first_listing=10))
    cluster.world.put(PATH, named("a"))
    wait_for(lambda: names(mirror) == {"a"})
    del cluster.world.objects[PATH]["a"]  # and no line of a watch says so
    cluster.world.put(PATH, named("b"))
    wait_for(lambda: mirror.known().keys() == {"b"})


def test_only_get_is_ever_asked(cluster: Cluster) -> None:
    mirror = cluster.follow(NODES)
    assert names(mirror) == set()
    response = cluster.client._client.delete(f"{cluster.api.server.url}{PATH}/a")
    assert response.status_code == 501


CHANGES = st.lists(st.tuples(st.sampled_from(["put", "remove", "relist", "bookmark"]), st.sampled_from("abcd")))


@settings(deadline=None)
@given(CHANGES)
def test_whatever_comes_it_holds_what_the_server_holds(changes: list[tuple[str, str]]) -> None:
    mirror: Mirror[Node] = Mirror(NODES, None, Pace(first_listing=0))
    mirror.replace(Page({}, "1", ""))
    held: dict[str, Node] = {}
    for number, (what, name) in enumerate(changes):
        node = NODES.shape(metadata={"name": name})
        if what == "put":
            held[name] = node
            mirror.apply(Change(ChangeKind.MODIFIED, name, str(number), node), number)
        elif what == "remove" and held.pop(name, None) is not None:
            mirror.apply(Change(ChangeKind.DELETED, name, str(number), node), number)
        elif what == "relist":
            mirror.replace(Page(dict(held), str(number), ""))
        elif what == "bookmark":
            mirror.apply(Change(None, "", str(number), None), number)
        assert mirror.objects() == held
