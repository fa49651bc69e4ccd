"""Why a node without holders may still be there for a reason: what looks empty and is not."""

from __future__ import annotations

from analyzer.advice.facts import EmptySpell, Facts
from analyzer.advice.thresholds import Thresholds
from exporters.canonical import device, nodes, pods

_PAUSE_IMAGE = "%/pause%"


def why_kept(facts: Facts, spell: EmptySpell, thresholds: Thresholds) -> str:
    """The reason, as a sentence; empty text where there is none."""
    busiest = _busiest(facts, spell)
    if busiest is not None and busiest > thresholds.idle_activity_ratio:
        return f"no pod asks for its devices and one of them worked ({busiest:.0%}): somebody uses them unasked"
    if _is_claimed_otherwise(facts, spell):
        return "it advertises no devices: pods may hold them through ResourceClaims (DRA), which no series tells"
    if pod := _pause_pod(facts, spell):
        return f"pause pod {pod} keeps it warm"
    return ""


def _busiest(facts: Facts, spell: EmptySpell) -> float | None:
    """The largest activity of any of its devices while nobody held it; None where no exporter tells."""
    return facts.number(
        """
        SELECT max(greatest(a.effective, a.busy)) FROM activity AS a JOIN device AS d USING (device)
        WHERE d.node = ? AND a.since >= ? AND a.t < ?
        """,
        spell.node.node.number,
        round(spell.start * 1e6),
        round(spell.end * 1e6),
    )


def _is_claimed_otherwise(facts: Facts, spell: EmptySpell) -> bool:
    """Devices are seen on it, others in the cluster advertise theirs, and it advertises none."""
    node = spell.node.node
    asked = [metric for metric in (nodes.capacity, nodes.allocatable) if facts.answered(metric)]
    if not asked or not facts.answered(device.accelerator_info):
        return False
    is_seen = any(one.node == node.number and one.first is not None for one in facts.ledger.devices)
    return is_seen and (node.cluster, node.name) not in facts.advertising


def _pause_pod(facts: Facts, spell: EmptySpell) -> str:
    if not (facts.answered(pods.image_info) and facts.answered(pods.pod_info)):
        return ""
    rows = facts.rows(
        f"""
        SELECT min(i.namespace || '/' || i.pod) FROM {facts.table(pods.image_info)}_series AS i
        JOIN pod_info_series AS p USING (cluster, namespace, pod)
        WHERE p.cluster = ? AND p.node = ? AND i.image LIKE ?
        """,
        spell.node.node.cluster,
        spell.node.node.name,
        _PAUSE_IMAGE,
    )
    return rows[0][0] or ""


def is_scarce(facts: Facts, types: set[str]) -> str:
    """The instance types that Karpenter could not get at some time in the window; empty text where none."""
    if not facts.answered(nodes.offering_available):
        return ""
    table = facts.table(nodes.offering_available)
    rows = facts.rows(
        f"""
        SELECT DISTINCT s.instance_type FROM {table} AS x JOIN {table}_series AS s USING (series)
        WHERE x.value = 0 AND s.capacity_type = 'on-demand' ORDER BY 1
        """
    )
    return ", ".join(name for (name,) in rows if name in types)
