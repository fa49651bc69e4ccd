"""Places on the grid of 24 columns: from left to right, a new line where a panel no longer fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.panel import WIDTH, Panel, Section


@dataclass(frozen=True, slots=True)
class Place:
    """In columns and rows of the grid."""

    x: int
    y: int
    width: int
    height: int


def places(sections: Sequence[Section]) -> Iterator[tuple[Section | Panel, Place]]:
    """Every section's heading and its panels, from the top."""
    y = 0
    for section in sections:
        if section.title:
            yield section, Place(0, y, WIDTH, 1)
            y += 1
        x = tallest = 0
        for panel in section.panels:
            if x + panel.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            yield panel, Place(x, y, panel.width, panel.height)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
