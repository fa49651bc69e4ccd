"""The states of DESIGN 6.3 and the seven groups in which people see them, from what was bought to what is unknown."""

from __future__ import annotations

ACTIVE_GOOD = "active-good"
ACTIVE_UNPROVEN = "active-unproven"
ACTIVE_UNASSESSED = "active-unassessed"
ACTIVE_INEFFECTIVE = "active-ineffective"
ACTIVE_WASTED = "active-wasted-output"
HELD_IDLE = "held-idle"
HELD_STARTING = "held-starting"
HELD_FAILED = "held-failed"
FREE = "free"
FREE_FRAGMENTED = "free-fragmented"
FREE_STRANDED = "free-stranded"
NODE_STARTING = "node-starting"
NODE_DRAINING = "node-draining"
NODE_UNHEALTHY = "node-unhealthy"
RESERVED_UNLAUNCHED = "reserved-unlaunched"
UNKNOWN = "unknown"

GROUPS: dict[str, tuple[str, ...]] = {
    "good": (ACTIVE_GOOD,),
    "worked, not judged": (ACTIVE_UNPROVEN, ACTIVE_UNASSESSED),
    "worked badly": (ACTIVE_INEFFECTIVE, ACTIVE_WASTED),
    "held, not working": (HELD_IDLE, HELD_STARTING, HELD_FAILED),
    "free": (FREE, FREE_FRAGMENTED, FREE_STRANDED),
    "node not usable": (NODE_STARTING, NODE_DRAINING, NODE_UNHEALTHY, RESERVED_UNLAUNCHED),
    "unknown": (UNKNOWN,),
}

STATES: tuple[str, ...] = tuple(state for states in GROUPS.values() for state in states)

GROUP_OF: dict[str, str] = {state: group for group, states in GROUPS.items() for state in states}
