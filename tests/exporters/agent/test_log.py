"""Log lines can be read by machines, and one fault does not fill the disk."""

from __future__ import annotations

import io
import json

import pytest

from exporters.agent.log import Level, Log, LogFormat
from tests.exporters.agent.conftest import SetClock


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def test_logfmt(out: io.StringIO) -> None:
    Log(out, LogFormat.LOGFMT, Level.INFO, SetClock()).warning("source failed", source="a/b", reason='no "x"\nhere')
    assert out.getvalue() == (
        'ts=2026-11-18T11:23:20.000Z level=warning msg="source failed" source=a/b reason="no \\"x\\"\\nhere"\n'
    )


def test_json(out: io.StringIO) -> None:
    Log(out, LogFormat.JSON, Level.INFO, SetClock()).error("broken", source="ü")
    assert json.loads(out.getvalue()) == {
        "ts": "2026-11-18T11:23:20.000Z",
        "level": "error",
        "msg": "broken",
        "source": "ü",
    }


def test_lower_levels_are_left_out(out: io.StringIO) -> None:
    log = Log(out, LogFormat.LOGFMT, Level.WARNING, SetClock())
    log.debug("a")
    log.info("b")
    log.warning("c")
    assert [line.rpartition("=")[2] for line in out.getvalue().splitlines()] == ["c"]


def test_one_message_about_one_source_is_written_once_in_half_a_minute(out: io.StringIO) -> None:
    clock = SetClock()
    log = Log(out, LogFormat.LOGFMT, Level.INFO, clock)
    for _ in range(100):
        log.warning("source failed", source="a", reason="x")
    log.warning("source failed", source="b", reason="x")
    assert len(out.getvalue().splitlines()) == 2
    clock.now += 31
    log.warning("source failed", source="a", reason="x")
    assert out.getvalue().splitlines()[-1].endswith("reason=x left_out=99")


def test_a_reader_that_went_away_stops_nothing(out: io.StringIO) -> None:
    out.close()
    Log(out, LogFormat.LOGFMT, Level.INFO, SetClock()).info("hello")
