"""The part of CBOR (RFC 8949) that AWS's protocol uses."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from typing import Any

_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_EPOCH = 1


def loads(data: bytes) -> Any:
    stream = io.BytesIO(data)
    found = _item(stream)
    if stream.read(1):
        raise ValueError("something stands after the end")
    return found


def dumps(value: Any) -> bytes:
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case datetime():
            return _head(6, _EPOCH) + dumps(value.timestamp())
        case dict():
            return _head(5, len(value)) + b"".join(dumps(key) + dumps(one) for key, one in value.items())
        case list() | tuple():
            return _head(4, len(value)) + b"".join(map(dumps, value))
    raise TypeError(f"{type(value).__name__} is not written here")


def _item(stream: io.BytesIO) -> Any:
    (first,) = _read(stream, 1)
    kind, info = first >> 5, first & 0x1F
    if kind == 7:
        return struct.unpack(_FLOATS[info], _read(stream, 2 ** (info - 24)))[0] if info in _FLOATS else _SIMPLE[info]
    count = info if info < 24 else int.from_bytes(_read(stream, 2 ** (info - 24)), "big")
    match kind:
        case 0:
            return count
        case 1:
            return -1 - count
        case 2:
            return _read(stream, count)
        case 3:
            return _read(stream, count).decode()
        case 4:
            return [_item(stream) for _ in range(count)]
        case 5:
            return {_item(stream): _item(stream) for _ in range(count)}
    return datetime.fromtimestamp(_item(stream), UTC)


def _read(stream: io.BytesIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise ValueError("it ends too early")
    return data


def _head(kind: int, count: int) -> bytes:
    if count < 24:
        return bytes([kind << 5 | count])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if count < 1 << (8 * size):
            return bytes([kind << 5 | info]) + count.to_bytes(size, "big")
    raise ValueError("the number is too large")
