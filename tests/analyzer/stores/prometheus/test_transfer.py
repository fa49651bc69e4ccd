"""The encoding that brings more data a second is kept."""

from __future__ import annotations

import pytest

from analyzer.stores.prometheus.transfer import TELLING_BYTES, Transfer


@pytest.mark.parametrize(("plain_seconds", "zipped_seconds", "kept"), [(1.0, 2.0, "identity"), (5.0, 2.0, "gzip")])
def test_the_faster_one_is_kept(plain_seconds: float, zipped_seconds: float, kept: str) -> None:
    transfer = Transfer()
    assert transfer.encoding == "identity"
    transfer.arrived("identity", 10 * TELLING_BYTES, plain_seconds)
    assert transfer.encoding == "gzip"
    transfer.arrived("gzip", 10 * TELLING_BYTES, zipped_seconds)
    assert transfer.encoding == kept


def test_small_answers_tell_nothing() -> None:
    transfer = Transfer()
    transfer.arrived("identity", TELLING_BYTES - 1, 1.0)
    assert transfer.encoding == "identity"


def test_a_line_that_changes_is_noticed() -> None:
    transfer = Transfer()
    transfer.arrived("identity", 10 * TELLING_BYTES, 1.0)
    transfer.arrived("gzip", 10 * TELLING_BYTES, 2.0)
    for _ in range(10):
        transfer.arrived("identity", 10 * TELLING_BYTES, 10.0)
    assert transfer.encoding == "gzip"
