"""A scene of the demo week: the story of one node, and the pods that play in it.

Days count from 0; hours are UTC. A function that returns a scene tells it.
"""

from __future__ import annotations

from exporters.simulation.casting import Casting
from exporters.simulation.story import Node, Pod

_SATURDAY = 5
Scene = tuple[Node, list[Pod]]


def first_weekend(cast: Casting) -> float:
    """Half past midnight of the first Saturday from day 5 on, when idle replicas are scaled away."""
    days = range(5, 12)
    saturday = next(day for day in days if (int(cast.moment(day) // 86400) + 3) % 7 == _SATURDAY)
    return cast.moment(saturday, 0, 30, 12.4)
