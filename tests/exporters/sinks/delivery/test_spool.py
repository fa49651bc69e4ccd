"""A spool keeps order and counts, within its bounds, through kills and torn files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.sinks.delivery.batch import Batch
from exporters.sinks.delivery.segments import OVERHEAD_BYTES
from exporters.sinks.delivery.spool import EXPIRED, FULL, UNREADABLE, Bounds, Spool
from exporters.sinks.delivery.tally import KILLED
from exporters.source import GpuyieldError

SMALL = Bounds(memory_bytes=200, disk_bytes=2_000, age_seconds=100, segment_bytes=150)


def batch(number: int, size: int = 20, at: float = 0) -> Batch:
    return Batch(f"{number}".ljust(size).encode(), 10, at)


def offer(spool: Spool, *batches: Batch) -> None:
    """As a delivery does."""
    for one in batches:
        spool.tally.offered += one.samples
        spool.put(one)
    spool.keep()


def sent(spool: Spool) -> list[int]:
    """Sends all that is left."""
    found = []
    while (head := spool.head()) is not None:
        found.append(int(head.body))
        spool.settle({})
    return found


def killed(folder: Path) -> Path:
    """What a killed process leaves behind: the files as they are now, held by nobody."""
    copy = folder.with_name(f"{folder.name}-")
    shutil.copytree(folder, copy)
    return copy


def is_balanced(spool: Spool) -> bool:
    return spool.tally.on_the_way == spool.samples


def test_in_memory_and_on_disk_the_order_is_kept(tmp_path: Path) -> None:
    for spool in (Spool(None, Bounds()), Spool(tmp_path / "s", SMALL)):
        offer(spool, *(batch(number) for number in range(20)))
        assert sent(spool) == list(range(20))
        assert (spool.bytes, spool.tally.accepted) == (0, 200)


def test_after_a_kill_the_rest_is_sent_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", SMALL)
    offer(spool, *(batch(number) for number in range(20)))
    for _ in range(7):
        spool.head()
        spool.settle({})
    spool.keep()
    again = Spool(killed(tmp_path / "s"), SMALL)
    assert sent(again) == list(range(7, 20))
    assert (again.tally.offered, again.tally.accepted, again.tally.dropped.total()) == (200, 200, 0)


def test_what_was_only_in_memory_is_counted_as_lost_with_the_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", SMALL)
    offer(spool, batch(1))
    spool.tally.offered += 6  # taken in, and in no batch yet
    spool.keep()
    again = Spool(killed(tmp_path / "s"), SMALL)
    assert again.tally.dropped == {KILLED: 6}
    assert is_balanced(again)


def test_a_torn_file_costs_what_is_torn_and_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", Bounds())
    offer(spool, *(batch(number) for number in range(5)))
    copy = killed(tmp_path / "s")
    (segment,) = copy.glob("*.segment")
    os.truncate(segment, segment.stat().st_size - 3)
    again = Spool(copy, Bounds())
    assert again.tally.dropped == {KILLED: 10}
    offer(again, batch(5))  # it must not be written behind the tear
    assert sent(Spool(killed(copy), Bounds())) == [0, 1, 2, 3, 5]


def test_a_file_that_was_changed_or_taken_away_is_not_sent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", Bounds(memory_bytes=0))
    offer(spool, *(batch(number) for number in range(3)))
    (segment,) = (tmp_path / "s").glob("*.segment")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    assert sent(spool) == [0, 2]
    assert spool.tally.dropped == {UNREADABLE: 10}


def test_the_oldest_go_when_it_is_full_or_they_are_too_old(tmp_path: Path) -> None:
    size = 20 + OVERHEAD_BYTES
    for spool in (
        Spool(None, Bounds(memory_bytes=5 * size, age_seconds=100)),
        Spool(tmp_path / "s", Bounds(memory_bytes=0, disk_bytes=5 * size, age_seconds=100, segment_bytes=size)),
    ):
        offer(spool, *(batch(number, at=number) for number in range(8)))
        spool.trim(10)
        assert spool.tally.dropped == {FULL: 30}
        spool.trim(105)
        assert spool.tally.dropped == {FULL: 30, EXPIRED: 20}
        assert sent(spool) == [5, 6, 7]
    assert list((tmp_path / "s").glob("*.segment")) == []


def test_a_disk_that_takes_nothing_leaves_memory(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    spool = Spool(folder, Bounds(memory_bytes=3 * (20 + OVERHEAD_BYTES)))
    shutil.rmtree(folder)
    offer(spool, *(batch(number) for number in range(5)))
    spool.trim(0)
    assert spool.tally.dropped == {FULL: 20}
    assert sent(spool) == [2, 3, 4]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", SMALL)
    with pytest.raises(GpuyieldError, match="another process"):
        Spool(tmp_path / "s", SMALL)
    spool.close()
    Spool(tmp_path / "s", SMALL).close()


def test_a_torn_state_leaves_the_one_before(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", SMALL)
    offer(spool, batch(0), batch(1))
    spool.head()
    spool.settle({})
    spool.keep()
    copy = killed(tmp_path / "s")
    newest = max(copy.glob("state-*.json"), key=lambda path: path.read_text()[9:])
    newest.write_bytes(b"")
    again = Spool(copy, SMALL)
    assert is_balanced(again)
    assert sent(again) in ([1], [0, 1])


STEPS = st.lists(st.sampled_from(["put", "large", "send", "reject", "hold", "kill", "later", "tear"]), max_size=40)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_every_sample_is_accounted_for_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder, now, order = tmp_path_factory.mktemp("spool") / "s", 0.0, list[int]()
    spool = Spool(folder, SMALL)
    for number, step in enumerate(steps):
        match step:
            case "put" | "large":
                offer(spool, batch(number, 20 if step == "put" else 300, now))
            case "send" | "reject" if (head := spool.head()) is not None:
                order.append(int(head.body))
                spool.settle({"too_old": 3} if step == "reject" else {})
            case "hold":
                spool.tally.offered += 1
                spool.tally.drop({"over_budget": 1})
            case "later":
                now += 60
            case "kill" | "tear":
                spool.keep()
                spool.close()
                files = sorted(folder.glob("*.segment"))
                if step == "tear" and files:
                    os.truncate(files[-1], files[-1].stat().st_size // 2)
                spool = Spool(folder, SMALL)
        spool.trim(now)
        spool.keep()
        assert is_balanced(spool)
        assert spool.bytes <= SMALL.disk_bytes
    assert order == sorted(set(order))
    spool.close()
