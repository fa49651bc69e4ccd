"""Lines that stay and one that is drawn anew."""

from __future__ import annotations

import io

from exporters.recording.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_only_lines_that_stay() -> None:
    stream = io.StringIO()
    screen = Screen(stream, "record: ")
    screen.show("1 up")
    screen.say("down")
    assert stream.getvalue() == "record: down\n"


def test_a_terminal_gets_its_line_back() -> None:
    stream = Terminal()
    screen = Screen(stream, "")
    for text in ("1 up", "1 up", "2 up"):
        screen.show(text)
    screen.say("down")
    screen.show("")
    assert stream.getvalue() == "1 up\r\x1b[2K2 up\r\x1b[2Kdown\n"


def test_a_long_line_does_not_wrap() -> None:
    stream = Terminal()
    Screen(stream, "").show("x" * 10_000)
    assert len(stream.getvalue()) < 10_000
