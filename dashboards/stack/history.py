"""The last minutes of the simulated fleet as OpenMetrics text, from which promtool makes blocks of a Prometheus.

With them the boards and the ledger have something to show at once, and not after the first five minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from exporters.pages.parser import PageParser
from exporters.series import Series
from exporters.simulation.fleet import Fleet
from exporters.simulation.target import Target


def write_history(fleet: Fleet, file: Path) -> None:
    """Every page of the fleet's window, scrape by scrape."""
    with file.open("w", encoding="utf-8") as out:
        for target in fleet.targets:
            out.writelines(_lines(target, fleet.start, fleet.end))
        out.write("# EOF\n")


def _lines(target: Target, start: float, end: float) -> Iterator[str]:
    labels = dict(target.labels)
    parser = PageParser({} if target.honor_labels else labels)
    up = Series.of("up", labels.items())
    for at, body in target.pages(start, end):
        yield _line(up, float(body is not None), at)
        if body is not None:
            page = parser.parse(body, at)
            yield from map(_line, page.series, page.values, page.at)


def _line(series: Series, value: float, at: float) -> str:
    labels = ",".join(f"{label}={_quoted(text)}" for label, text in series.labels)
    return f"{series.name}{{{labels}}} {value!r} {at:.3f}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
