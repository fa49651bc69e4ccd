"""Stands between a client and a real server: hands its answers on, and spoils those that a test picks."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.analyzer.stores.prometheus.conftest import Asked, Reply, json_reply, text_reply

# What becomes of a request: nothing special, or another answer than the server's.
Spoil = Callable[[Asked], Reply | None]
READ, QUERY, RANGE = "/api/v1/read", "/api/v1/query", "/api/v1/query_range"
TOO_MANY = '{"status":"error","errorType":"execution","error":"query processing would load too many samples"}'


def nothing(asked: Asked) -> None:
    del asked


@dataclass(slots=True)
class GoBetween:
    """Plays the server at `url`."""

    url: str
    spoil: Spoil = nothing

    def __call__(self, asked: Asked) -> Reply:
        return self.spoil(asked) or whole(*ask(self.url, asked))


def ask(url: str, asked: Asked) -> tuple[int, str, bytes]:
    """Status, content type and body of the real server's answer."""
    kept = ("content-type", "content-encoding", "x-prometheus-remote-read-version")
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {name: value for name, value in asked.headers.items() if name in kept}
        connection.request(asked.method, asked.target, asked.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read()
    finally:
        connection.close()


def whole(status: int, content_type: str, body: bytes) -> Reply:
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return Reply(head.encode() + body)


def cut(content_type: str, body: bytes) -> Reply:
    """These bytes as a chunk of a body whose end never comes."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n"
    return Reply(head.encode() + body + b"\r\n", "close")


def frames(stream: bytes) -> Iterator[bytes]:
    """The frames of a remote read stream: length, checksum, message."""
    place = 0
    while place < len(stream):
        length, head = 0, place
        while True:
            length |= (stream[head] & 0x7F) << 7 * (head - place)
            head += 1
            if stream[head - 1] < 0x80:
                break
        yield stream[place : head + 4 + length]
        place = head + 4 + length


@dataclass(slots=True)
class FirstTimes:
    """Spoils the first few requests of each kind (path and question), then lets them pass."""

    times: int
    how: Spoil
    only: Callable[[Asked], bool] = lambda asked: True
    seen: dict[tuple[str, str, bytes], int] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply | None:
        key = (asked.method, asked.target, asked.body)
        self.seen[key] = self.seen.get(key, 0) + 1
        return self.how(asked) if self.only(asked) and self.seen[key] <= self.times else None


def failing(status: str) -> Spoil:
    return lambda asked: text_reply("try later\n", status)


def hanging(asked: Asked) -> Reply:
    del asked
    return Reply(b"", "hang")


def dropping(asked: Asked) -> Reply:
    del asked
    return Reply(b"", "reset")


def too_many(asked: Asked) -> Reply:
    del asked
    return json_reply(TOO_MANY, "422 Unprocessable Entity")
