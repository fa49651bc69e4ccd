"""What a reader must know of how long nodes are taken to have lived."""

from __future__ import annotations

import math

from analyzer.ledger.ledger import Ledger


def lifetime_warnings(ledger: Ledger) -> list[str]:
    """How much of the node time begins or ends by an estimate, and by which."""
    nodes = [node for node in ledger.nodes if not (node.begin_is_known and node.end_is_known)]
    if not nodes:
        return []
    share = math.fsum(node.seconds for node in nodes) / math.fsum(node.seconds for node in ledger.nodes)
    begins, ends = sum(not node.begin_is_known for node in nodes), sum(not node.end_is_known for node in nodes)
    how = [f"{begins} begin when Kubernetes made the node"] if begins else []
    how += [f"{ends} end with the last sample"] if ends else []
    return [
        f"the lifetimes of {len(nodes)} of {len(ledger.nodes)} nodes ({share:.0%} of node time) are estimated:"
        f" {', '.join(how)}; gpuyield export cluster tells when machines are launched and gone"
    ]
