"""What goes wrong with a request, by a plan that a seed decides."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import StrEnum


class Fault(StrEnum):
    """With a request. `AFTER` ones come when the service has taken the data: who sends it again, sends it twice."""

    NONE = "none"
    THROTTLE = "throttle"
    ERROR = "error"  # 500, nothing was taken
    ERROR_AFTER = "error_after"
    HANG = "hang"
    HANG_AFTER = "hang_after"
    CUT = "cut"
    CUT_AFTER = "cut_after"


TAKEN_UNSAID = frozenset({Fault.ERROR_AFTER, Fault.HANG_AFTER, Fault.CUT_AFTER})


FaultPlan = Callable[[str], Fault]


def no_faults(operation: str) -> Fault:
    return Fault.NONE


def seeded(seed: int, shares: dict[Fault, float]) -> FaultPlan:
    """Each fault with its share of the requests; the rest goes well."""
    chance = random.Random(seed)

    def fault(operation: str) -> Fault:
        roll = chance.random()
        for one, share in shares.items():
            roll -= share
            if roll < 0:
                return one
        return Fault.NONE

    return fault
