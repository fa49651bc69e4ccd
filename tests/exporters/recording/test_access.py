"""How targets are asked, and what is refused without showing a secret."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from exporters.recording.access import Access, parse_headers, tls_context
from exporters.recording.targets import TargetError, make_target
from exporters.source import SourceFailed
from tests.exporters.recording.conftest import FakeTarget


def test_headers_reach_the_target_and_go_no_further(target: FakeTarget) -> None:
    access = Access(5, ssl.create_default_context(), parse_headers(["X-Scope-OrgID: team: a"]))
    assert "team" not in repr(access)
    fetcher = access.fetcher(make_target(target.url("/metrics"), {}, 15))
    fetcher.get()
    fetcher.close()
    assert target.seen[-1]["x-scope-orgid"] == "team: a"
    moved = access.fetcher(make_target(target.url("/moved"), {}, 15))
    with pytest.raises(SourceFailed, match="status 302"):
        moved.get()
    moved.close()


def test_the_time_limit_is_at_most_the_interval() -> None:
    access = Access(10, ssl.create_default_context())
    for interval, timeout in ((15, 10), (5, 5)):
        fetcher = access.fetcher(make_target("h:1", {}, interval))
        fetcher.close()
        assert fetcher.timeout_seconds == timeout


@pytest.mark.parametrize("text", ["secret", "a b: secret", ": secret", "a: secret\nb: c", "a: secr\u00e9t secret"])
def test_a_bad_header_is_not_shown(text: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse_headers([text])
    assert "secret" not in str(caught.value)


def test_a_missing_token_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="token"):
        Access(1, ssl.create_default_context(), token_file=tmp_path / "none")


def test_tls(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for file in ("ca.pem", "none"):
        with pytest.raises(TargetError, match="--ca-file"):
            tls_context(tmp_path / file, False)
    with pytest.raises(TargetError, match="exclude"):
        tls_context(tmp_path / "ca.pem", True)
    assert tls_context(None, False).verify_mode is ssl.CERT_REQUIRED
    assert tls_context(None, True).verify_mode is ssl.CERT_NONE
