"""When machines were launched and when they were gone, as the cluster's collector was told: the ends of a paid life
that nobody has to estimate (DESIGN 6.2)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.nodes import Key, Lives, Presence, joined, spans

Place = tuple[str, str]  # cluster, node


@dataclass(frozen=True, slots=True)
class Ends:
    """Of one machine, unix microseconds; None where nobody told."""

    launched: int | None = None
    gone: int | None = None


@dataclass(slots=True)
class Bought:
    """What NodeClaims bought, and the nodes that went without one."""

    by_machine: dict[tuple[str, str], Ends]  # cluster, provider id
    by_node: dict[Place, Ends]
    gone_nodes: dict[Place, list[int]]
    unregistered: dict[Key, dict[str, str]] = field(default_factory=dict)  # row of the claim, by the life it makes
    presences: dict[Key, Presence] = field(default_factory=dict)  # of those

    def ends(self, key: Key, presence: Presence) -> Ends:
        """Of one life. A node's name may come again: the first end after its first sample is meant."""
        place = key[:2]
        found = self.by_machine.get((key[0], key[2])) if key[2] else self.by_node.get(place)
        if found and found.gone is not None:
            return found
        gone = [at for at in self.gone_nodes.get(place, ()) if at > presence.first]
        return Ends(found.launched if found else None, min(gone, default=None))


def read_bought(inputs: Inputs) -> Bought:
    """By what the collector told of NodeClaims, and of nodes that have none."""
    launched, gone = _told(inputs, "node_launched"), _told(inputs, "node_gone")
    seen = spans(inputs, "node_claim")
    rows: dict[Place, list[dict[str, str]]] = defaultdict(list)  # by cluster and NodeClaim
    for row in inputs.series("node_claim"):
        if int(row["series"]) in seen:
            rows[row["cluster"], row["nodeclaim"]].append(row)
    found = Bought({}, {}, _of_nodes(inputs))
    for claim, told in rows.items():
        ends = Ends(launched.get(claim), gone.get(claim))
        node, provider_id = (next((row[label] for row in told if row[label]), "") for label in ("node", "provider_id"))
        if provider_id:
            found.by_machine[claim[0], provider_id] = ends
        if node:
            found.by_node[claim[0], node] = ends
        elif ends.launched is not None:
            key = (*claim, provider_id)
            found.unregistered[key] = told[-1]
            found.presences[key] = joined(seen[int(row["series"])] for row in told)
    return found


def with_unregistered(lives: Lives, bought: Bought) -> Lives:
    """The lives, and those of machines that were launched and never became a node: named by their NodeClaims."""
    known = {(cluster, provider_id) for cluster, _, provider_id in lives if provider_id}
    more: Lives = {key: (presence, None) for key, presence in bought.presences.items() if (key[0], key[2]) not in known}
    return lives | more


def _told(inputs: Inputs, table: str) -> dict[Place, int]:
    """The last word of each NodeClaim, by (cluster, NodeClaim)."""
    values = _last(inputs, table)
    return {
        (row["cluster"], row["nodeclaim"]): values[int(row["series"])]
        for row in inputs.series(table)
        if row["nodeclaim"] and int(row["series"]) in values
    }


def _of_nodes(inputs: Inputs) -> dict[Place, list[int]]:
    """The ends of nodes without a NodeClaim, by (cluster, node)."""
    at = "SELECT DISTINCT series, CAST(round(value * 1e6) AS BIGINT) FROM node_gone WHERE isfinite(value) AND value > 0"
    times: dict[int, list[int]] = defaultdict(list)
    for series, gone in inputs.db.execute(at).fetchall():
        times[series].append(gone)
    found: dict[Place, list[int]] = defaultdict(list)
    for row in inputs.series("node_gone"):
        if not row["nodeclaim"]:
            found[row["cluster"], row["node"]] += times[int(row["series"])]
    return found


def _last(inputs: Inputs, table: str) -> dict[int, int]:
    rows = inputs.db.execute(
        f"SELECT series, CAST(round(arg_max(value, t) * 1e6) AS BIGINT) FROM {table}"
        " WHERE isfinite(value) AND value > 0 GROUP BY series"
    ).fetchall()
    return dict(rows)
