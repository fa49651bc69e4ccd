"""The same series twice on one page: the first is kept. With another timestamp it is another sample."""

from __future__ import annotations

from operator import attrgetter

from exporters.pages.page import Notes
from exporters.pages.walk import Walk

_key = attrgetter("key")


def drop_duplicates(walk: Walk, values: list[float], times: list[float], notes: Notes, lines: int) -> None:
    """Takes duplicates out of the walk's series, of values and times; notes them, and times that run backwards."""
    keys = list(map(_key, walk.series))
    if len(set(keys)) == len(keys):
        return
    latest: dict[int, float] = {}
    seen = set()
    twice = []
    for sample, (key, time, index) in enumerate(zip(keys, times, walk.sample_lines(lines), strict=True)):
        if (key, time) in seen:
            notes.add(walk.first_line + index, "duplicate", "the first of these is kept", walk.series[sample].name)
            twice.append(sample)
            continue
        seen.add((key, time))
        if time < latest.setdefault(key, time):
            notes.add(walk.first_line + index, "out-of-order", "earlier than before", walk.series[sample].name)
        latest[key] = max(latest[key], time)
    for column in (walk.series, values, times):
        for sample in reversed(twice):
            del column[sample]
