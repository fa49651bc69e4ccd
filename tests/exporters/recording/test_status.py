"""A line per change."""

from __future__ import annotations

from exporters.recording.status import Status
from exporters.recording.targets import make_target


def test_a_line_per_change() -> None:
    said: list[str] = []
    status = Status(said.append)
    target = make_target("http://u:secret@h:1/m?secret", {}, 1)
    for failure in ("", "status 500", "status 500", "", ""):
        status.scraped(target, failure)
    assert said == ["http://h:1/m is down: status 500", "http://h:1/m is up again"]
    assert (status.scrapes, status.failed, status.targets_up) == (5, 2, 1)


def test_bad_lines_are_said_once() -> None:
    said: list[str] = []
    status = Status(said.append)
    target = make_target("h:1", {}, 1)
    for remark in ("bad", "bad", "", "bad"):
        status.scraped(target, "", remark)
    assert said == ["http://h:1/metrics is up, but bad"] * 2
