"""How a NodePool may be told to let nodes go: the part `spec.disruption`, with a budget for every reason.

A reason that no budget names is unlimited in Karpenter, so all three are named.
"""

from __future__ import annotations

from typing import Any

from analyzer.advice.finding import Artifact
from analyzer.advice.patch import merge_patch, node_pool

WHEN_EMPTY, WHEN_UNDERUSED, BALANCED = "WhenEmpty", "WhenEmptyOrUnderutilized", "Balanced"
KEEPS = ("spec", "disruption")


def letting_empty_go(pool: str, rule: str, policy: str = "") -> Artifact | None:
    """Empty nodes go after five minutes; a policy that already lets more go stays."""
    kept = policy if policy in (WHEN_UNDERUSED, BALANCED) else WHEN_EMPTY
    disruption = _disruption(kept, "5m", empty="100%", underused="10%")
    return merge_patch(node_pool(pool), {"disruption": disruption}, KEEPS, rule)


def letting_underused_go(pool: str, rule: str, remarks: tuple[str, ...] = ()) -> Artifact | None:
    """Nodes whose pods fit elsewhere go one at a time, empty ones at once."""
    disruption = _disruption(WHEN_UNDERUSED, "10m", empty="100%", underused="1")
    return merge_patch(node_pool(pool), {"disruption": disruption}, KEEPS, rule, remarks)


def keeping_reserved(pool: str, rule: str, remarks: tuple[str, ...] = ()) -> Artifact | None:
    """Reserved nodes stay, used or not: what is let go may not come back, and costs the same."""
    disruption = {
        "consolidationPolicy": WHEN_EMPTY,
        "consolidateAfter": "Never",
        "budgets": [
            {"nodes": "0", "reasons": ["Empty", "Underutilized"]},
            {"nodes": "1", "reasons": ["Drifted"]},
        ],
    }
    return merge_patch(node_pool(pool), {"disruption": disruption}, KEEPS, rule, remarks)


def _disruption(policy: str, after: str, empty: str, underused: str) -> dict[str, Any]:
    return {
        "consolidationPolicy": policy,
        "consolidateAfter": after,
        "budgets": [
            {"nodes": empty, "reasons": ["Empty"]},
            {"nodes": underused, "reasons": ["Underutilized"]},
            {"nodes": "10%", "reasons": ["Drifted"]},
        ],
    }
