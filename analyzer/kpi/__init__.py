"""Key figures, each defined once with two readings (DESIGN 7): PromQL for rules, boards and alerts, and a frame
expression over the ledger for reports.

scope.py is what a query reads, series.py makes PromQL of declared series, kpi.py is the type, and each file of
`definitions/` holds the figures of one thing. To add a figure, add a `Kpi` to one of them; nothing else lists them.
"""

from __future__ import annotations

import sys
from functools import cache

from analyzer.kpi.kpi import Kpi
from exporters.discover import discover


@cache
def kpis() -> dict[str, Kpi]:
    """Every key figure, by name."""
    import analyzer.kpi.definitions as definitions

    groups = discover(sys.modules[definitions.__name__], "figures", tuple)
    return {one.name: one for figures in groups.values() for one in figures}
