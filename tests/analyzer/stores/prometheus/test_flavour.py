"""A server is known by what it answers to a few harmless requests; what cannot be told is unknown."""

from __future__ import annotations

import json

import pytest

from analyzer.stores.prometheus.errors import Unauthorised
from analyzer.stores.prometheus.flavour import Flavour, probe
from exporters.source import SourceFailed
from tests.analyzer.stores.prometheus.conftest import (
    SMALL,
    Ask,
    Asked,
    Case,
    Play,
    Reply,
    Start,
    json_reply,
    text_reply,
)

VECTOR = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}'
STREAM = text_reply(
    "", headers="Content-Type: application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse\r\n"
)
NOT_FOUND = text_reply("404 page not found\n", "404 Not Found")


def serving(**answers: Reply) -> Play:
    """By the last part of the path; what is not given is not found."""

    def play(asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2]
        return json_reply(VECTOR) if name == "query" else answers.get(name, NOT_FOUND)

    return play


def build(**fields: str) -> Reply:
    return json_reply(json.dumps({"status": "success", "data": fields}))


def recorded(server: str, case: str) -> Reply:
    return Case(SMALL / server / case).reply


@pytest.mark.parametrize(
    ("play", "flavour"),
    [
        (
            serving(buildinfo=recorded("prom-2.42", "status-buildinfo"), read=STREAM),
            Flavour("prometheus", "2.42.0+ds", has_remote_read=True),
        ),
        (serving(buildinfo=recorded("prom-3.16", "status-buildinfo")), Flavour("prometheus")),
        (
            serving(
                buildinfo=recorded("victoria-metrics", "status-buildinfo"),
                export=recorded("victoria-metrics", "export-empty"),
                read=recorded("victoria-metrics", "not-found-api"),
                stores=recorded("victoria-metrics", "not-found-api"),
            ),
            Flavour("victoria-metrics", has_export=True),
        ),
        (
            serving(
                buildinfo=build(version="0.39.2"),
                stores=json_reply('{"status":"success","data":{"sidecar":[{"name":"10.0.0.1:10901"}],"store":null}}'),
            ),
            Flavour("thanos", "0.39.2"),
        ),
        (
            serving(buildinfo=build(application="Grafana Mimir", version="2.17.0"), read=STREAM),
            Flavour("mimir", "2.17.0", has_remote_read=True),
        ),
        (
            serving(buildinfo=build(application="Cortex", version="1.19.0"), read=text_reply("no", "403 Forbidden")),
            Flavour("cortex", "1.19.0"),
        ),
        (serving(), Flavour("unknown")),
        (
            # As a gateway does that shows one page for all it does not know.
            serving(**dict.fromkeys(("buildinfo", "export", "read", "stores"), text_reply("<html>"))),
            Flavour("unknown"),
        ),
    ],
)
def test_known_by_its_answers(start: Start, client: Ask, play: Play, flavour: Flavour) -> None:
    assert probe(client(start(play).url)) == flavour


def test_thanos_is_asked_for_whole_and_merged_data() -> None:
    assert dict(Flavour("thanos").parameters)["partial_response"] == "false"
    assert not Flavour("prometheus").parameters


def test_amazon_is_not_asked_for_what_it_lacks(start: Start, client: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.stores.prometheus.access.amazon_region", lambda url: "eu-west-1")
    replay = start(serving())
    assert probe(client(replay.url)) == Flavour("amazon")
    assert [one.path for one in replay.asked] == ["/api/v1/query"]


def test_an_api_that_fails_in_passing_is_asked_again(start: Start, client: Ask) -> None:
    replies = [text_reply("", "503 x"), STREAM]
    play = serving(buildinfo=build(version="3.0.0"))
    replay = start(lambda asked: replies.pop(0) if asked.path.endswith("/read") else play(asked))
    assert probe(client(replay.url)).has_remote_read


@pytest.mark.parametrize(
    ("reply", "error", "why"),
    [
        (recorded("prom-3.16-auth", "query-no-credentials"), Unauthorised, "--bearer-token-file"),
        (text_reply("<html>Grafana</html>", headers="Content-Type: text/html\r\n"), SourceFailed, "of its API"),
        (NOT_FOUND, SourceFailed, "404"),
    ],
)
def test_a_wrong_url_or_user_is_told(
    start: Start, client: Ask, reply: Reply, error: type[SourceFailed], why: str
) -> None:
    with pytest.raises(error, match=why):
        probe(client(start(lambda asked: reply).url))
