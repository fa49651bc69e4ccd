"""A device keeps its index when its node counts anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.ledger.devices import Seen
from analyzer.ledger.indices import steady
from analyzer.ledger.nodes import Presence


def _seen(uuid: str, index: str, first: int, last: int, node: str = "n") -> Seen:
    return Seen(0, ("", node), uuid, index, "", "", "H100", Presence(first, last))


def _indices(seen: list[Seen]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in steady(seen):
        found.setdefault(one.uuid, set()).add(one.index)
    return found


def test_a_loss_counts_the_others_down_and_moves_none() -> None:
    whole = [_seen(uuid, str(number), 0, 10) for number, uuid in enumerate("abcd")]
    after_loss_of_b = [_seen("a", "0", 10, 20), _seen("c", "1", 10, 20), _seen("d", "2", 10, 20)]
    assert _indices(whole + after_loss_of_b) == {"a": {"0"}, "b": {"1"}, "c": {"2"}, "d": {"3"}}


def test_a_card_that_comes_back_takes_its_old_place() -> None:
    before = [_seen("a", "0", 0, 10), _seen("c", "1", 0, 10)]
    whole = [_seen(uuid, str(number), 10, 20) for number, uuid in enumerate("abc")]
    assert _indices(before + whole) == {"a": {"0"}, "b": {"1"}, "c": {"2"}}


def test_an_exchanged_card_has_the_index_of_the_old_one() -> None:
    assert _indices([_seen("old", "0", 0, 10), _seen("new", "0", 12, 20)]) == {"old": {"0"}, "new": {"0"}}


def test_what_does_not_tell_them_apart_stays_as_told() -> None:
    swapped = [_seen("a", "0", 0, 10), _seen("b", "1", 0, 10), _seen("a", "1", 10, 20), _seen("b", "0", 10, 20)]
    assert steady(swapped) == swapped
    nameless = [_seen("", "0", 0, 10), _seen("", "1", 0, 10)]
    assert steady(nameless) == nameless


def test_ten_comes_after_nine() -> None:
    assert _indices([_seen("a", "10", 0, 5), _seen("a", "9", 5, 10)]) == {"a": {"10"}}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "0", "1", "2"]), st.integers(0, 9))))
def test_nothing_else_changes(told: list[tuple[str, str, int]]) -> None:
    seen = [_seen(uuid, index, first, first + 1) for uuid, index, first in told]
    assert sorted((one.uuid, one.presence.first) for one in steady(seen)) == sorted(
        (one.uuid, one.presence.first) for one in seen
    )
