"""Pages about objects: every line stands with one value for a while, and the page changes only when an object does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exporters.simulation.steps import FOREVER, Floats, Span


@dataclass(frozen=True, slots=True)
class Line:
    """One sample that stands during `span`; `labels` as they are printed, without the braces."""

    family: str
    labels: str
    value: float
    span: Span


def flag_lines(family: str, labels: str, on: Sequence[Span], life: Span) -> Iterator[Line]:
    """0 during `life`, and 1 in the spans of it that are given in order."""
    at = life.start
    for span in on:
        part = span.within(life)
        if part is not None:
            if at < part.start:
                yield Line(family, labels, 0, Span(at, part.start))
            yield Line(family, labels, 1, part)
            at = part.end
    if at < life.end:
        yield Line(family, labels, 0, Span(at, life.end))


@dataclass(frozen=True, slots=True, eq=False)
class StandingPage:
    """Lines sorted by family; build it with `standing_page`."""

    texts_of_lines: tuple[str, ...]
    heads: tuple[str, ...]  # the TYPE line of each line's family
    since: Floats
    until: Floats
    changes: Floats

    def answers(self, times: Floats) -> npt.NDArray[np.bool_]:
        return np.ones(len(times), dtype=np.bool_)

    def texts(self, times: Floats) -> Iterator[bytes]:
        shown, page = -1, b""
        epochs = np.searchsorted(self.changes, times, side="right").tolist()
        for at, epoch in zip(times.tolist(), epochs, strict=True):
            if epoch != shown:
                shown, page = epoch, self._page(at)
            yield page

    def _page(self, at: float) -> bytes:
        parts: list[str] = []
        head = ""
        for index in np.flatnonzero((self.since <= at) & (at < self.until)).tolist():
            if self.heads[index] != head:
                head = self.heads[index]
                parts.append(head)
            parts.append(self.texts_of_lines[index])
        return "".join(parts).encode()


def standing_page(lines: Sequence[Line], kinds: Mapping[str, str]) -> StandingPage:
    """A page with the families in the order of `kinds` (name to type)."""
    order = {family: place for place, family in enumerate(kinds)}
    ordered = sorted(lines, key=lambda line: order[line.family])
    edges = {edge for line in lines for edge in (line.span.start, line.span.end) if edge < FOREVER}
    return StandingPage(
        texts_of_lines=tuple(f"{line.family}{{{line.labels}}} {go_number(line.value)}\n" for line in ordered),
        heads=tuple(f"# TYPE {line.family} {kinds[line.family]}\n" for line in ordered),
        since=np.array([line.span.start for line in ordered]),
        until=np.array([line.span.end for line in ordered]),
        changes=np.array(sorted(edges)),
    )


def go_number(value: float) -> str:
    """As Go's shortest format prints it: an exponent from a million on, no decimal point where none is needed."""
    if abs(value) >= 1e6:
        return str(np.format_float_scientific(value, trim="-", exp_digits=2))
    return str(np.format_float_positional(value, trim="-"))
