"""From bytes to whole lines: encoding, line ends, a cut last line, and where OpenMetrics ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from exporters.pages.page import Notes

_BOM = "\ufeff"
_EOF = "# EOF"


class Format(StrEnum):
    """How timestamps are written, in milliseconds or in seconds; and whether a page must end in `# EOF`."""

    TEXT = "text"
    OPENMETRICS = "openmetrics"

    @classmethod
    def of(cls, content_type: str, body: bytes) -> Format:
        """By the content type where it says, else by `# EOF` at the end."""
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/openmetrics-text":
            return cls.OPENMETRICS
        if kind == "text/plain":
            return cls.TEXT
        return cls.OPENMETRICS if body[-16:].rstrip(b"\r\n").endswith(_EOF.encode()) else cls.TEXT


@dataclass(slots=True)
class Reading:
    """How far a page has been read: lines so far, what its comments said, whether `# EOF` or a cut was seen."""

    format: Format
    done: int = 0
    types: dict[str, str] = field(default_factory=dict)
    helps: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    cut: bool = False

    @property
    def complete(self) -> bool:
        return self.ended if self.format is Format.OPENMETRICS else not self.cut

    def lines(self, body: bytes, notes: Notes) -> list[str]:
        """The lines to read, `# EOF` being the last; what follows it and a line without its end are noted."""
        text = self._text(body, notes)
        lines = text.split("\n")
        rest = lines.pop()
        self.cut = bool(rest)
        if self.format is Format.OPENMETRICS:
            lines, rest = self._up_to_the_end(lines, rest, notes)
        if rest:
            notes.add(self.done + len(lines) + 1, "truncated", "the last line has no end", rest)
        return lines

    def _text(self, body: bytes, notes: Notes) -> str:
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            line = self.done + body.count(b"\n", 0, error.start) + 1
            notes.add(line, "utf-8", "bytes that are no UTF-8 are replaced, here and perhaps further on")
            text = body.decode(errors="replace")
        if not self.done:
            text = text.removeprefix(_BOM)
        return text.replace("\r\n", "\n") if "\r" in text else text

    def _up_to_the_end(self, lines: list[str], rest: str, notes: Notes) -> tuple[list[str], str]:
        after = 0 if self.ended else None
        if not self.ended:
            if rest.rstrip("\r") == _EOF:
                lines.append(_EOF)
                rest = ""
            if _EOF in lines:
                after = lines.index(_EOF) + 1
                self.ended = True
        if after is None:
            return lines, rest
        for index, line in enumerate([*lines[after:], rest], after):
            if line.strip(" \t"):
                notes.add(self.done + index + 1, "after-eof", "what follows # EOF is not read", line)
                break
        return lines[:after], ""
