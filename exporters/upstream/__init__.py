"""Other people's series, each declared once: what it is called there, and what it means here (DESIGN 3.1).

One file per producer, exposing `family`. To add a producer, add a file; nothing else lists them.
"""

from __future__ import annotations

import sys
from functools import cache

from exporters.discover import discover
from exporters.metric import Metric
from exporters.upstream.declaration import Family, Upstream


@cache
def families() -> dict[str, Family]:
    """Every declared producer, by name."""
    import exporters.upstream.producers as producers

    return discover(sys.modules[producers.__name__], "family", Family)


@cache
def upstreams_of(metric: Metric) -> tuple[tuple[str, Upstream], ...]:
    """(producer, declaration) of every upstream series that means this metric, the most trusted first."""
    found = [
        (family.name, upstream)
        for family in families().values()
        for upstream in family.upstreams
        if upstream.metric == metric
    ]
    return tuple(sorted(found, key=lambda pair: pair[1].rank))
