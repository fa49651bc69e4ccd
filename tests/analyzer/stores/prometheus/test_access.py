"""The options and the URL say how a server is reached; what is secret never shows."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path

import pytest

from analyzer.stores.prometheus.access import Basic, Bearer, ServerAccess, access_of, add_access_arguments
from analyzer.stores.prometheus.errors import Unauthorised
from exporters.source import GpuyieldError, SourceFailed
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, text_reply


def access(*words: str) -> ServerAccess:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prometheus")
    add_access_arguments(parser)
    return access_of(parser.parse_args(words))


def guarded(asked: Asked) -> Reply:
    """As a server that knows one user: the header that it wants is in the path's place."""
    wanted = base64.b64encode(b"m\xc3\xa9:p:w").decode()
    is_known = asked.headers.get("authorization") == f"Basic {wanted}"
    return text_reply("in") if is_known else text_reply("Unauthorized\n", "401 Unauthorized")


def test_user_and_password_of_the_url_are_used_and_never_shown(start: Start, client: Ask) -> None:
    url = start(guarded).url.replace("//", "//m%C3%A9:p%3Aw@")
    one = access("--prometheus", f"{url}/prefix/?dedup=false&key=hidden")
    assert one.url.endswith("/prefix")
    assert one.parameters == (("dedup", "false"), ("key", "hidden"))
    server = client(one.url, auth=one.auth)
    assert server.get("/x") == b"in"
    for text in (repr(one), one.shown, repr(one.auth), str(one)):
        assert "p:w" not in text
        assert "hidden" not in text


def test_wrong_credentials(start: Start, client: Ask) -> None:
    with pytest.raises(Unauthorised, match="--basic-auth-user"):
        client(start(guarded).url).get("/x")


def test_password_file_is_read_each_time(start: Start, client: Ask, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old\n")
    one = access("--prometheus", start(guarded).url, "--basic-auth-user", "mé", "--basic-auth-password-file", str(file))
    server = client(one.url, auth=one.auth)
    with pytest.raises(Unauthorised):
        server.get("/x")
    file.write_text("p:w\n")
    assert server.get("/x") == b"in"


def test_a_token_that_rotates(start: Start, client: Ask, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    replay = start(lambda asked: text_reply("in"))
    server = client(replay.url, auth=access("--prometheus", "x", "--bearer-token-file", str(file)).auth)
    server.get("/x")
    file.write_text("second")
    server.get("/x")
    assert [one.headers["authorization"] for one in replay.asked] == ["Bearer first", "Bearer second"]
    file.unlink()
    with pytest.raises(SourceFailed, match="cannot be read"):
        server.get("/x")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--basic-auth-user", "a"], "go together"),
        (["--basic-auth-password-file", "a"], "go together"),
        (["--key-file", "key.pem"], "without --cert-file"),
        (["--cert-file", "missing.pem"], "cert-file missing.pem cannot be used"),
        (["--header", "Authorization: secret", "--sigv4-region", "x"], "--sigv4 and --header Authorization exclude"),
        (["--header", "no colon, secret"], "no colon"),
        (["--bearer-token-file", "a", "--sigv4"], "exclude each other"),
        (["--bearer-token-file", "missing"], "cannot be read"),
        (["--basic-auth-user", "a", "--basic-auth-password-file", "missing"], "cannot be read"),
        (["--sigv4"], "names no AWS region"),
        (["--external-id", "x"], "give --assume-role"),
        (["--ca-file", "missing.pem"], "cannot be used"),
        (["--ca-file", "missing.pem", "--insecure-skip-verify"], "exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(GpuyieldError, match=why) as caught:
        access("--prometheus", "http://127.0.0.1:9090", *words)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://x:99999", "http://[", "http://me:secret@"])
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(GpuyieldError, match="that is no URL") as caught:
        access("--prometheus", url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("prometheus:9090", "http://prometheus:9090"),
        ("https://mimir.example/prometheus/", "https://mimir.example/prometheus"),
        ("http://[::1]:9090/", "http://[::1]:9090"),
    ],
)
def test_where_the_paths_go(given: str, url: str) -> None:
    assert access("--prometheus", given).url == url


def test_amazon_is_known_by_its_host() -> None:
    url = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/"
    one = access("--prometheus", url)
    assert one.is_amazon
    assert one.url == url[:-1]
    assert not access("--prometheus", "https://aps-workspaces.example.com").is_amazon


def test_files_are_kept_out_of_what_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hidden")
    assert "hidden" not in repr(Bearer(file)) + repr(Basic("a", file))
