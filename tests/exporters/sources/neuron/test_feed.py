"""Lines that somebody else writes: to a file that grows, is cut and is replaced, or to a socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporters.sources.neuron.feed import FileFeed, SocketFeed, feed_of


def some(chunks: Iterator[bytes]) -> bytes:
    return next(chunk for chunk in chunks if chunk)


@pytest.fixture
def grown(tmp_path: Path) -> Callable[[bytes], Path]:
    """Appends to the file."""
    path = tmp_path / "lines"

    def append(text: bytes) -> Path:
        with path.open("ab") as file:
            file.write(text)
        return path

    return append


def test_a_file_begins_at_its_last_whole_line_and_goes_on(grown: Callable[[bytes], Path]) -> None:
    chunks = FileFeed(grown(b"old\nlast\nhal"), 60).chunks()
    assert some(chunks) == b"last\nhal"
    grown(b"f\n")
    assert some(chunks) == b"f\n"


def test_lines_of_long_ago_are_not_told_as_new(grown: Callable[[bytes], Path]) -> None:
    path = grown(b"yesterday\n")
    os.utime(path, (1, 1))
    chunks = FileFeed(path, 60).chunks()
    assert next(chunks) == b""
    grown(b"today\n")
    assert some(chunks) == b"today\n"


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_was_replaced_or_cut_is_read_from_its_start(grown: Callable[[bytes], Path], replaced: bool) -> None:
    path = grown(b"first line\n")
    feed = FileFeed(path, 60)
    chunks = feed.chunks()
    assert some(chunks) == b"first line\n"
    if replaced:
        path.rename(path.with_suffix(".1"))
    path.write_bytes(b"2nd\n3rd\n")
    assert list(filter(None, chunks)) == []  # it ends, and is opened again
    assert some(feed.chunks()) == b"2nd\n3rd\n"


def test_a_file_that_is_gone_for_a_moment_is_waited_for(grown: Callable[[bytes], Path]) -> None:
    path = grown(b"a\n")
    chunks = FileFeed(path, 60).chunks()
    assert some(chunks) == b"a\n"
    path.unlink()
    assert next(chunks) == b""


def test_a_file_that_is_reopened_goes_on_where_it_was(grown: Callable[[bytes], Path]) -> None:
    feed = FileFeed(grown(b"a\n"), 60)
    chunks = feed.chunks()
    assert some(chunks) == b"a\n"
    assert next(chunks) == b""
    chunks.close()
    grown(b"b\n")
    assert some(feed.chunks()) == b"b\n"


def test_a_socket_gives_what_is_written_until_its_other_end_closes(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        feed = feed_of(path, 60)
        assert isinstance(feed, SocketFeed)
        chunks = feed.chunks()
        assert next(chunks) == b""  # nothing yet
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"line\n")
            assert some(chunks) == b"line\n"
        assert list(chunks) == []


def test_closing_ends_a_silent_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        feed = SocketFeed(path)
        chunks = feed.chunks()
        assert next(chunks) == b""
        feed.close()
        assert list(chunks) == []


def test_what_is_not_there_yet_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(feed_of(tmp_path / "none", 60).chunks())
