"""Cuts the body of a streamed answer into its frames: uvarint length, big-endian CRC-32C, protobuf.

A stream has no end mark: one that was cut between two frames looks whole here, and only whoever reads HTTP can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import google_crc32c

from analyzer.stores.prometheus.errors import Transient

_LARGEST_BYTES = 64 << 20  # a server cuts its frames at about 1 MB
_LONGEST_LENGTH = 5  # bytes of a uvarint up to 2^35
_CHECKSUM = 4
_SHORTEST_TEXT, _LONGEST_TEXT = 10, 200


class BrokenOff(Transient):
    """The server met an error of its own when half of the answer was out, and wrote it where a frame should be."""


def frames(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The protobuf of each frame, as soon as it is whole; holds one frame and one piece in memory."""
    held = bytearray()
    for piece in pieces:
        held += piece
        place = 0
        while (found := _frame_at(held, place)) is not None:
            frame, place = found
            yield frame
        del held[:place]
    if held:
        _see_text(held)
        raise Transient(f"remote read: the answer was cut inside a frame, {len(held):,} bytes into it; ask again")


def _frame_at(held: bytearray, place: int) -> tuple[bytes, int] | None:
    """The frame that starts at `place` and where the next one does, or None as long as it is not whole."""
    header = _length_at(held, place)
    if header is None:
        return None
    length, start = header
    end = start + _CHECKSUM + length
    if len(held) < end:
        return None
    checksum = int.from_bytes(held[start : start + _CHECKSUM], "big")
    frame = bytes(memoryview(held)[start + _CHECKSUM : end])
    if google_crc32c.value(frame) != checksum:
        _see_text(held[place:])
        raise Transient(f"remote read: a frame of {length:,} bytes is damaged (its CRC-32C is wrong); ask again")
    return frame, end


def _length_at(held: bytearray, place: int) -> tuple[int, int] | None:
    length = 0
    for number, byte in enumerate(held[place : place + _LONGEST_LENGTH]):
        length |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            if length > _LARGEST_BYTES:
                raise Transient(f"remote read: a frame claims {length:,} bytes, which no server sends; ask again")
            return length, place + number + 1
    if len(held) - place >= _LONGEST_LENGTH:
        raise Transient("remote read: the length of a frame is damaged; ask again")
    return None


def _see_text(tail: bytearray) -> None:
    """Raises `BrokenOff` where words stand in the place of a frame; a frame always holds a line feed early on."""
    try:
        text = tail[:_LONGEST_TEXT].decode().rstrip("\n")
    except UnicodeDecodeError:
        return
    if len(text) >= _SHORTEST_TEXT and text.isprintable():
        raise BrokenOff(f"remote read: the server broke off its answer: {text}")
