"""The file that keeps the totals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.publish.state import StateError, owned, read_state, write_state
from analyzer.publish.totals import Totals
from analyzer.window import CELL

_KEY = ("ledger_dollars_total", "prod", "ml")


def _totals() -> Totals:
    totals = Totals()
    totals.add({0: {_KEY: 5_000_000}, CELL: {_KEY: 7 * 10**30, ("ledger_tokens_total", 'a"ü\n'): 0}})
    totals.tell(10.0, None)
    return totals


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_state(tmp_path / "state", _totals(), {("ledger_coverage_ratio", "prod", "price"): 0.25})
    assert read_state(tmp_path / "state") == (_totals(), {("ledger_coverage_ratio", "prod", "price"): 0.25})


def test_without_a_file_totals_begin(tmp_path: Path) -> None:
    assert read_state(tmp_path / "state") == (Totals(), {})


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_changed_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    write_state(path, _totals(), {})
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(StateError):
        read_state(path)


@given(cut=st.integers(0, 10_000))
def test_a_file_that_was_cut_off_is_noticed(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut"
    write_state(path, _totals(), {})
    data = path.read_bytes()
    path.write_bytes(data[: cut % len(data)])
    with pytest.raises(StateError):
        read_state(path)


def test_a_file_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"gpuyield-publish 2 00000000\n{}")
    with pytest.raises(StateError, match="version 2"):
        read_state(tmp_path / "state")


def test_two_publishers_cannot_count_into_one_file(tmp_path: Path) -> None:
    with owned(tmp_path / "state"), pytest.raises(StateError, match="in use"), owned(tmp_path / "state"):
        pass
    with owned(tmp_path / "state"):
        pass


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written"), owned(tmp_path / "no folder" / "state"):
        pass
