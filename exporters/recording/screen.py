"""What the user sees while it runs: lines that stay, and on a terminal one that is drawn anew."""

from __future__ import annotations

import shutil
from threading import Lock
from typing import TextIO

_CLEAR = "\r\x1b[2K"


class Screen:
    """For any thread."""

    def __init__(self, stream: TextIO, prefix: str) -> None:
        self._stream = stream
        self._prefix = prefix
        self._is_terminal = stream.isatty()
        self._lock = Lock()
        self._shown = ""

    def say(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._clear()
            self._stream.write(f"{self._prefix}{text}\n")
            self._stream.flush()

    def show(self, text: str) -> None:
        """Draws the one line anew; nothing where it is no terminal. An empty text takes it away."""
        if not self._is_terminal:
            return
        with self._lock:
            line = text[: shutil.get_terminal_size().columns - 1]
            if line != self._shown:
                self._clear()
                self._stream.write(line)
                self._stream.flush()
                self._shown = line

    def _clear(self) -> None:
        if self._shown:
            self._stream.write(_CLEAR)
            self._shown = ""
