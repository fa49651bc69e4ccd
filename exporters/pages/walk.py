"""One walk over the lines of a page: known series by look-up, everything else by the letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exporters.pages.comment import read_comment
from exporters.pages.escape import unescape, unescape_help
from exporters.pages.line import Line, Malformed, NativeHistogram, read_line
from exporters.pages.number import milliseconds, number, numbers, seconds
from exporters.pages.page import Notes
from exporters.pages.series_cache import LABEL_VALUE_MAX, SeriesCache
from exporters.series import Series

LINE_MAX = 1 << 20
_EXEMPLAR = " # {"


@dataclass(slots=True)
class Walk:
    """What is found on the way; `finish` makes figures and stamps, which are texts until then, into numbers.

    `others` are the indices of lines that gave no sample, so that the line of a sample is known without counting.
    `stamped` and `exemplars` are the shape of line that is tried first: with a timestamp, with an exemplar.

    A look-up is sound because a text is only known once it was read as a whole series: what follows it in a line,
    if it is a number without white space, can be nothing but the figure. What is no number is read by the letter.
    """

    cache: SeriesCache
    notes: Notes
    openmetrics: bool
    stamped: bool
    exemplars: bool
    first_line: int
    types: dict[str, str]
    helps: dict[str, str]
    series: list[Series] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)  # may be shorter than figures; "" and the missing say no timestamp

    def walk(self, lines: Iterable[str]) -> None:
        known = self.cache.young.get
        add_series, add_figure, add_stamp = self.series.append, self.figures.append, self.stamps.append
        for line in lines:
            head = line.partition(_EXEMPLAR)[0] if self.exemplars else line
            if self.stamped:
                parts = head.rsplit(" ", 2)
                series = known(parts[0])
                if series is not None and len(parts) == 3:
                    add_series(series)
                    add_figure(parts[1])
                    add_stamp(parts[2])
                    continue
            else:
                text, _, figure = head.rpartition(" ")
                series = known(text)
                if series is not None:
                    add_series(series)
                    add_figure(figure)
                    continue
            if line[:1] == "#" or not self._known_otherwise(line):
                self._by_letter(line)

    def finish(self, lines: Sequence[str], at: float) -> tuple[list[float], list[float]]:
        """Values and times; a sample that proves to be none leaves `series` here."""
        values = numbers(self.figures)
        times = self._times(at)
        return (values, times) if values is not None and times is not None else self._repaired(lines, at)

    def sample_lines(self, count: int) -> list[int]:
        """The indices of those of `count` lines that gave a sample."""
        others = set(self.others)
        return [index for index in range(count) if index not in others]

    def _time(self, stamp: str) -> float | None:
        return seconds(stamp) if self.openmetrics else milliseconds(stamp)

    def _times(self, at: float) -> list[float] | None:
        """None where a stamp is no time. Most pages carry the same few stamps over and over, or none."""
        clock = {"": at}
        for stamp in {*self.stamps} - {""}:
            time = self._time(stamp)
            if time is None:
                return None
            clock[stamp] = time
        return [clock[stamp] for stamp in self.stamps] + [at] * (len(self.series) - len(self.stamps))

    def _take(self, series: Series, figure: str, stamp: str) -> None:
        if stamp:
            self.stamps += [""] * (len(self.series) - len(self.stamps)) + [stamp]
        self.stamped = bool(stamp)
        self.series.append(series)
        self.figures.append(figure)

    def _known_otherwise(self, line: str) -> bool:
        """Tries the other shape, with and without an exemplar at the end, and the cache's old generation."""
        cut = line.partition(_EXEMPLAR)[0]
        for head in (line,) if len(cut) == len(line) else (line, cut):
            for width in (1, 2):
                text, *tail = head.rsplit(" ", width)
                if len(tail) == width and (series := self.cache.get(text)) is not None:
                    self.exemplars = self.exemplars or head is not line
                    self._take(series, tail[0], tail[1] if width == 2 else "")
                    return True
        return False

    def _by_letter(self, line: str) -> None:
        index = len(self.series) + len(self.others)
        found = self._read(line, index)
        if found is None:
            self.others.append(index)
        else:
            self._take(*found)

    def _read(self, line: str, index: int) -> tuple[Series, str, str] | None:
        """The sample of that line, or None where there is none; says in a note why, if it should have been one."""
        if len(line) > LINE_MAX:
            self.notes.add(self.first_line + index, "long-line", f"more than {LINE_MAX} characters", line)
            return None
        start = line.lstrip(" \t")[:1]
        try:
            if start == "#":
                read_comment(line, self.types, self.helps, unescape if self.openmetrics else unescape_help)
            if start in ("", "#"):
                return None
            sample = read_line(line)
            if number(sample.figure) is None:
                raise Malformed("the figure is no number")
            if sample.stamp and self._time(sample.stamp) is None:
                raise Malformed("the timestamp is none")
        except Malformed as error:
            kind = "native-histogram" if isinstance(error, NativeHistogram) else "malformed"
            self.notes.add(self.first_line + index, kind, str(error), line)
            return None
        return self._series(line, sample, index), sample.figure, sample.stamp

    def _series(self, line: str, sample: Line, index: int) -> Series:
        """Made anew and, unless it has to be noted again on each page, known from now on."""
        series, cut = self.cache.series(sample.name, sample.labels)
        if cut:
            self.notes.add(
                self.first_line + index, "long-label", f"a value of more than {LABEL_VALUE_MAX} characters", line
            )
            return series
        head = line.partition(_EXEMPLAR)[0]
        spellings = {head.rsplit(" ", width)[0] for width in (1, 2)} | {sample.text}
        for text in spellings:
            if text.rstrip(" ") == sample.text:
                self.cache.put(text, series)
        return series

    def _repaired(self, lines: Sequence[str], at: float) -> tuple[list[float], list[float]]:
        """Sample by sample: what a look-up took for a series with a figure, and is not, is read by the letter."""
        taken: list[tuple[Series, float, float]] = []
        self.stamps += [""] * (len(self.series) - len(self.stamps))
        columns = zip(self.series, self.figures, self.stamps, self.sample_lines(len(lines)), strict=True)
        for series, figure, stamp, index in columns:
            value, time = number(figure), self._time(stamp) if stamp else at
            if value is not None and time is not None:
                taken.append((series, value, time))
            elif (found := self._read(lines[index], index)) is not None:
                taken.append((found[0], float(found[1]), (self._time(found[2]) or 0.0) if found[2] else at))
            else:
                self.others.append(index)
        self.others.sort()
        self.series = [series for series, _, _ in taken]
        return [value for _, value, _ in taken], [time for _, _, time in taken]
