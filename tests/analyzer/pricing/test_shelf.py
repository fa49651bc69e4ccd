"""What AWS said is kept with its age, and can be carried in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.pricing.shelf import Shelf, cache_folder, is_export, read_export
from exporters.source import GpuyieldError, SourceError, SourceFailed
from tests.analyzer.pricing.conftest import Clock, again


class Service:
    """Counts up; fails while it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_down = False

    def __call__(self, old: int | None) -> int:
        self.asked += 1
        if self.is_down:
            raise SourceFailed("down")
        return (old or 0) + 1


def test_a_young_answer_is_used_and_an_old_one_asked_for_anew(shelf: Shelf, clock: Clock) -> None:
    service = Service()
    assert shelf.get("kind", "key", int, service, 60).value == 1
    clock.seconds += 60
    assert again(shelf).get("kind", "key", int, service, 60).value == 1
    clock.seconds += 1
    assert again(shelf).get("kind", "key", int, service, 60).value == 2
    assert service.asked == 2


def test_renewing_asks_once_however_young_the_kept_one_is(shelf: Shelf) -> None:
    service = Service()
    shelf.get("kind", "key", int, service, 60)
    renewing = Shelf(shelf.folder, asks=True, renews=True, clock=shelf.clock)
    assert [renewing.get("kind", "key", int, service, 60).value for _ in range(3)] == [2, 2, 2]


def test_a_service_that_is_down_is_asked_once_in_a_run(shelf: Shelf, clock: Clock) -> None:
    service = Service()
    service.is_down = True
    for _ in range(3):
        with pytest.raises(SourceFailed, match="down"):
            shelf.get("kind", "key", int, service, 60)
    assert service.asked == 1


def test_an_old_answer_stands_with_the_trouble(shelf: Shelf, clock: Clock) -> None:
    service = Service()
    then = shelf.get("kind", "key", int, service, 60).fetched_at
    clock.seconds += 3600
    service.is_down = True
    kept = again(shelf).get("kind", "key", int, service, 60)
    assert (kept.value, kept.fetched_at, kept.trouble) == (1, then, "down")


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"kind": 1}', b'{"kind":"kind","key":"key","fetched_at":0,"value":"x"}']
)
def test_a_damaged_file_is_as_none(shelf: Shelf, damage: bytes) -> None:
    shelf.get("kind", "key", int, Service(), 60)
    assert shelf.folder is not None
    (shelf.folder / "kind" / "key.json").write_bytes(damage)
    assert again(shelf).get("kind", "key", int, Service(), 60).value == 1


def test_an_export_holds_everything_and_asks_nobody(shelf: Shelf, clock: Clock, tmp_path: Path) -> None:
    shelf.get("one", "a", int, Service(), 60)
    shelf.get("two", "b/c", int, Service(), 60)
    file = tmp_path / "prices.json"
    file.write_bytes(again(shelf).exported())
    assert is_export(file.read_text())
    clock.seconds += 3600
    service = Service()
    carried = read_export(file, clock)
    for kind, key in (("one", "a"), ("two", "b/c")):
        kept = carried.get(kind, key, int, service, 60)
        assert kept.value == 1
        assert "export them anew" in kept.trouble
    with pytest.raises(SourceFailed, match="export them anew"):
        carried.get("one", "other", int, service, 60)
    assert service.asked == 0


def test_a_file_that_is_no_export(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    assert not is_export("prices: []")
    file.write_text("{}")
    with pytest.raises(GpuyieldError, match="gpuyield prices export"):
        read_export(file)
    file.write_text('{"format": "gpuyield-prices", "schema_version": 2, "documents": []}')
    with pytest.raises(GpuyieldError, match="schema version 2"):
        read_export(file)


def test_where_answers_are_kept() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/gpuyield/prices")
    assert cache_folder({}) == Path.home() / ".cache" / "gpuyield" / "prices"


def test_a_cache_that_cannot_be_written_ends_the_command(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "prices").write_text("no folder")
    with pytest.raises(GpuyieldError, match="XDG_CACHE_HOME") as caught:
        Shelf(tmp_path / "prices", asks=True, clock=clock).get("kind", "key", int, Service(), 60)
    assert not isinstance(caught.value, SourceError)  # which would pass for a price that is unknown
