"""Over a real socket: whole answers or the right error, tried again only where that helps, secrets kept."""

from __future__ import annotations

import gzip
import threading

import pytest

from analyzer.stores.prometheus import server as module
from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.errors import Refused, TooMuch, Transient
from analyzer.stores.prometheus.server import Server
from exporters.source import SourceFailed
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply, text_reply

ZIPPED = gzip.compress(b"x" * 100_000)


def framed(body: bytes, headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {size}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("reply", "error", "why"),
    [
        (Reply(framed(b"abc", length=9), "close"), Transient, "complete message|closed"),
        (Reply(framed(b"abc", length=9), "reset"), Transient, "/api/v1/query"),
        (Reply(b"", "close"), Transient, "/api/v1/query"),
        (Reply(b"HTTP/1.1 200 OK\r\nContent-Ty", "close"), Transient, "/api/v1/query"),
        (Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "close"), Transient, "query"),
        (Reply(framed(ZIPPED[:60], "Content-Encoding: gzip\r\n")), Transient, "cut gzip"),
        (Reply(framed(b"no gzip", "Content-Encoding: gzip\r\n")), Transient, "not gzip"),
        (Reply(framed(b"abc", "Content-Encoding: br\r\n")), Refused, "encoding that was not asked"),
        (Reply(b"HTTP/1.1 200 OK\r\n\r\nabc", "close"), Refused, "where its answer ends"),
        (Reply(b"no HTTP at all\r\n\r\n", "close"), Transient, "/api/v1/query"),
        (text_reply("slow down", "429 Too Many Requests"), Transient, "slow down"),
        (text_reply("<html>nginx</html>", "502 Bad Gateway", "Content-Type: text/html\r\n"), Transient, "502$"),
        (Reply(b"HTTP/1.1 503 Service Unavailable\r\n\r\nno length", "close"), Transient, "503"),
        (json_reply('{"status":"error","errorType":"timeout","error":"late"}', "503 x"), TooMuch, "late"),
        (text_reply("", "302 Found", "Location: https://login.example/?secret\r\n"), Refused, "a redirect"),
        (text_reply("", "204 No Content"), Refused, "204"),
    ],
)
def test_what_is_not_whole(start: Start, client: Ask, reply: Reply, error: type[SourceFailed], why: str) -> None:
    server = client(start(lambda asked: reply).url, headers={"X-Tenant": "one"})
    with pytest.raises(error, match=why) as caught:
        server.get("/api/v1/query", [("query", "secret")])
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)


def test_whole_whether_zipped_or_in_chunks(start: Start, client: Ask) -> None:
    replies = {
        "/plain": framed(b"x" * 100_000),
        "/zipped": framed(ZIPPED, "Content-Encoding: gzip\r\n"),
        "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186A0\r\n"
        + b"x" * 100_000
        + b"\r\n0\r\n\r\n",
    }
    server = client(start(lambda asked: Reply(replies[asked.path])).url)
    assert {server.get(path) for path in replies} == {b"x" * 100_000}


@pytest.mark.parametrize("reply", [Reply(b"", "hang"), Reply(framed(b"abc", length=9), "hang")])
def test_a_server_that_hangs_does_not_hold_us(start: Start, client: Ask, reply: Reply) -> None:
    server = client(start(lambda asked: reply).url, timeout=0.2)
    with pytest.raises(Transient, match=r"within 0\.2 s"):
        server.get("/x")


def test_a_server_that_drips_does_not_hold_us(start: Start, client: Ask) -> None:
    server = client(start(lambda asked: Reply(framed(b"x" * 1000), "keep", 0.02)).url, timeout=0.4)
    with pytest.raises(Transient, match=r"within 0\.4 s"):
        server.get("/x")


def test_a_stream_may_be_left_early(start: Start, client: Ask) -> None:
    server = client(start(lambda asked: Reply(framed(b"x" * 5_000_000, "Content-Type: a/b\r\n"))).url)
    for _ in range(module.CONNECTIONS + 1):
        with server.stream("/x") as answer:
            assert answer.content_type == "a/b"
            assert next(answer.chunks())
    with pytest.raises(ZeroDivisionError), server.stream("/x"):
        raise ZeroDivisionError  # what the reader does wrong is no fault of the server


def test_a_body_over_the_limit(start: Start, client: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_BYTES", 1000)
    server = client(start(lambda asked: Reply(framed(ZIPPED, "Content-Encoding: gzip\r\n"))).url)
    with pytest.raises(TooMuch, match="more than 1,000 bytes"):
        server.get("/x")


def test_questions_arrive_as_they_were_meant(start: Start, client: Ask) -> None:
    replay = start(lambda asked: json_reply("{}"))
    server = client(replay.url + "/prometheus", parameters=(("tenant", "a b"),), headers={"X-Scope-OrgID": "t"})
    short = [("query", 'a{b="1 + é&?#%20"}'), ("match[]", "x")]
    long = [("query", "é" * 2000)]
    server.post_form("/api/v1/query", short)
    server.post_form("/api/v1/query", long)
    with server.post("/api/v1/read", b"\x00\xff", {"Content-Encoding": "snappy"}) as answer:
        assert b"".join(answer.chunks()) == b"{}"
    first, second, third = replay.asked
    assert (first.method, first.path, first.parameters) == (
        "GET",
        "/prometheus/api/v1/query",
        [("tenant", "a b"), *short],
    )
    assert (second.method, second.parameters) == ("POST", [("tenant", "a b"), *long])
    assert (third.body, third.headers["content-encoding"]) == (b"\x00\xff", "snappy")
    assert {one.headers["x-scope-orgid"] for one in replay.asked} == {"t"}


def test_a_redirect_is_followed_without_secrets_only(start: Start, client: Ask) -> None:
    def play(asked: Asked) -> Reply:
        moved = text_reply("", "301 Moved", "Location: /new\r\n")
        return moved if asked.path == "/old" else text_reply("here")

    url = start(play).url
    assert client(url).get("/old") == b"here"
    with pytest.raises(Refused, match="redirect"):
        client(url, parameters=(("key", "secret"),)).get("/old")


def test_tried_again_until_it_works(start: Start) -> None:
    replies = [Reply(b"", "close"), text_reply("", "503 x", "Retry-After: 3\r\n"), text_reply("fine")]
    paused: list[float] = []
    server = Server(ServerAccess(start(lambda asked: replies.pop(0)).url, timeout_seconds=5), sleep=paused.append)
    assert server.attempts(lambda: server.get("/x")) == b"fine"
    assert 0 <= paused[0] <= 0.5
    assert paused[1] == 3.0
    server.close()


def test_gives_up_and_says_how_often(start: Start) -> None:
    paused: list[float] = []
    replay = start(lambda asked: text_reply("busy", "503 x"))
    server = Server(ServerAccess(replay.url, timeout_seconds=5), sleep=paused.append)
    with pytest.raises(SourceFailed, match=r"busy.*tried 5 times") as caught:
        server.attempts(lambda: server.get("/x"))
    assert type(caught.value) is SourceFailed
    assert len(replay.asked) == 5
    assert len(paused) == 4
    assert all(pause <= 20 for pause in paused)
    server.close()


def test_what_no_other_try_mends_is_tried_once(start: Start, client: Ask) -> None:
    replay = start(lambda asked: text_reply("no", "404 Not Found"))
    server = client(replay.url)
    with pytest.raises(Refused):
        server.attempts(lambda: server.get("/x"))
    assert len(replay.asked) == 1


def test_nobody_there(client: Ask) -> None:
    with pytest.raises(Transient, match="1:1/x"):
        client("http://127.0.0.1:1").get("/x")


def test_no_more_connections_than_it_says(start: Start, client: Ask) -> None:
    gate, at_once, lock = threading.Barrier(module.CONNECTIONS), [0, 0], threading.Lock()

    def play(asked: Asked) -> Reply:
        with lock:
            at_once[0] += 1
            at_once[1] = max(at_once)
        gate.wait(5)
        with lock:
            at_once[0] -= 1
        return text_reply("fine")

    server = client(start(play).url)
    threads = [threading.Thread(target=server.get, args=("/x",)) for _ in range(3 * module.CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once[1] == module.CONNECTIONS
