"""Grafana boards, one file each, exposing `board`. To add a board, add a file; nothing else lists them."""

from __future__ import annotations

import sys
from functools import cache

from dashboards.panel import Board
from exporters.discover import discover


@cache
def boards() -> dict[str, Board]:
    """Every board, by the name of its file."""
    return discover(sys.modules[__name__], "board", Board)
