"""Nodes whose devices all told 0 and nothing else, though something worked on them: no proof of idleness."""

from __future__ import annotations

from collections import defaultdict

from analyzer.advice.facts import Facts

_LEAST_SAMPLES = 10


def silent_nodes(facts: Facts) -> dict[str, list[str]]:
    """By cluster. An idle card polled by CUDA is not exactly 0, and one at work never."""
    rows = facts.rows(
        f"""
        WITH told AS (
            SELECT d.node FROM activity AS a JOIN device AS d USING (device)
            WHERE coalesce(a.effective, a.busy) IS NOT NULL AND a.t >= ? AND a.t < ?
            GROUP BY d.node
            HAVING max(greatest(coalesce(a.effective, 0), coalesce(a.busy, 0))) = 0 AND count(*) >= {_LEAST_SAMPLES}
        )
        SELECT DISTINCT n.cluster, n.name FROM told JOIN node AS n USING (node)
        JOIN segment AS s ON s.node = n.node AND s.state = 'active' ORDER BY 1, 2
        """,
        facts.window.start,
        facts.window.end,
    )
    found: dict[str, list[str]] = defaultdict(list)
    for cluster, node in rows:
        found[cluster].append(node)
    return found
