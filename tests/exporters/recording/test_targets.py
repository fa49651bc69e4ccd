"""URLs, labels, and what is never shown."""

from __future__ import annotations

import pytest

from exporters.recording.targets import TargetError, distinct, make_target


@pytest.mark.parametrize(
    ("url", "full", "instance"),
    [
        ("h:1", "http://h:1/metrics", "h:1"),
        ("http://h/x", "http://h/x", "h:80"),
        ("https://h", "https://h/metrics", "h:443"),
        ("http://[::1]:9/", "http://[::1]:9/", "[::1]:9"),
    ],
)
def test_url(url: str, full: str, instance: str) -> None:
    target = make_target(url, {}, 1)
    assert (target.url, dict(target.labels)) == (full, {"instance": instance, "job": "record"})


def test_given_labels_win() -> None:
    assert dict(make_target("h:1", {"job": "j", "instance": "i"}, 1).labels) == {"job": "j", "instance": "i"}


def test_secrets_are_not_shown() -> None:
    assert make_target("http://me:secret@h:1/m?key=secret", {}, 1).shown == "http://h:1/m"


@pytest.mark.parametrize("url", ["ftp://secret@h/", "http://", "http://u:secret@h:99999/", "http://h:x/?secret", ""])
def test_refuses(url: str) -> None:
    with pytest.raises(TargetError) as caught:
        make_target(url, {}, 1)
    assert "secret" not in str(caught.value)


def test_twice_is_once() -> None:
    assert len(distinct([make_target("h:1", {}, 1), make_target("http://h:1/metrics", {}, 1)])) == 1


def test_two_pages_under_the_same_labels() -> None:
    with pytest.raises(TargetError, match="same series"):
        distinct([make_target("h:1/a", {}, 1), make_target("h:1/b", {}, 1)])
