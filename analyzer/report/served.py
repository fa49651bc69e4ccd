"""What each model served, added up over its pods: tokens, dollars, activity and latencies, before any division."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.ledger.counters import increments
from analyzer.ledger.inputs import has
from analyzer.ledger.ledger import Ledger

_TOKEN_TABLES = ("prompt", "prompt_cached", "generation")
# Two named queries: `shares` is each model's part of what its serving group costs, by generated tokens.
MODEL_SHARES = """
    weights AS (
        SELECT g.serving_group, s.model, sum(x.amount) AS tokens
        FROM generation_grown AS x JOIN generation_series AS s USING (series) JOIN pod_group AS g ON g.pod = x.pod
        GROUP BY g.serving_group, s.model
    ),
    shares AS (
        SELECT serving_group, model,
            CASE WHEN sum(tokens) OVER w > 0 THEN tokens / sum(tokens) OVER w ELSE 1 / count(*) OVER w END AS share
        FROM weights WINDOW w AS (PARTITION BY serving_group)
    )
"""


@dataclass(slots=True)
class Served:
    """The sums of one model of a namespace; None and missing keys where nothing told."""

    engine: str = ""
    tokens: dict[str, tuple[float, float]] = field(default_factory=dict)  # kind -> seen, most
    good: tuple[float, float] = (0.0, 0.0)  # good generated tokens, low and high
    held: float = 0.0
    loaded: float = 0.0
    is_priced: bool = True
    seconds: float = 0.0
    unknown_seconds: float = 0.0
    busy: float | None = None
    effective: float | None = None
    latency: dict[str, float] = field(default_factory=dict)


def served(ledger: Ledger) -> dict[tuple[str, str], Served]:
    """By (namespace, model)."""
    seen: dict[tuple[str, str], Served] = {}
    _tokens(ledger, seen)
    _good(ledger, seen)
    _dollars(ledger, seen)
    _ratios(ledger, seen)
    _latencies(ledger, seen)
    return seen


def _tokens(ledger: Ledger, seen: dict[tuple[str, str], Served]) -> None:
    for table in _TOKEN_TABLES:
        rows = ledger.inputs.db.execute(
            f"""
            SELECT p.namespace, s.model, any_value(s.producer), sum(g.amount)
            FROM {table}_grown AS g JOIN {table}_series AS s USING (series) JOIN pod AS p ON p.pod = g.pod
            GROUP BY p.namespace, s.model
            """
        ).fetchall()
        hidden = {
            (namespace, model): most
            for namespace, model, most in ledger.inputs.db.execute(
                f"""
                SELECT p.namespace, s.model, sum(h.most)
                FROM {table}_hidden AS h JOIN {table}_series AS s USING (series) JOIN pod AS p ON p.pod = h.pod
                GROUP BY p.namespace, s.model
                """
            ).fetchall()
        }
        for namespace, model, producer, amount in rows:
            one = seen.setdefault((namespace, model), Served())
            one.engine = producer
            one.tokens[table] = (amount, amount + hidden.get((namespace, model), 0.0))


def _good(ledger: Ledger, seen: dict[tuple[str, str], Served]) -> None:
    rows = ledger.inputs.db.execute(
        """
        SELECT p.namespace, s.model, sum(g.amount * coalesce(q.low, b.low)), sum(g.amount * coalesce(q.high, b.high))
        FROM generation_grown AS g JOIN generation_series AS s USING (series) JOIN pod AS p ON p.pod = g.pod
        JOIN pod_group AS m ON m.pod = g.pod CROSS JOIN no_news AS b
        LEFT JOIN group_good AS q ON q.serving_group = m.serving_group AND q.cell = g.cell
        GROUP BY p.namespace, s.model
        """
    ).fetchall()
    for namespace, model, low, high in rows:
        seen[(namespace, model)].good = (low, high)


def _dollars(ledger: Ledger, seen: dict[tuple[str, str], Served]) -> None:
    """Held dollars of each serving group go to its models by tokens; loaded adds free and node time and unused
    reservations of the same instance type, spread by held seconds."""
    db = ledger.inputs.db
    db.register("ledger_rows", ledger.rows)
    rows = db.execute(
        f"""
        WITH spread AS (
            SELECT instance_type, sum(dollars) FILTER (pod = '')
                / nullif(sum(seconds) FILTER (pod <> ''), 0) AS extra_per_second
            FROM ledger_rows GROUP BY instance_type
        ),
        {MODEL_SHARES},
        held AS (
            SELECT p.pod AS number, r.namespace, r.instance_type, sum(r.seconds) AS seconds, sum(r.dollars) AS dollars,
                sum(r.seconds) FILTER (r.state = 'unknown') AS unknown, bool_and(r.dollars IS NOT NULL) AS priced
            FROM ledger_rows AS r
            JOIN pod AS p ON p.cluster = r.cluster AND p.namespace = r.namespace AND p.name = r.pod
            GROUP BY ALL
        )
        SELECT h.namespace, s.model, sum(h.seconds * s.share), sum(h.dollars * s.share),
            sum((h.dollars + h.seconds * coalesce(x.extra_per_second, 0)) * s.share),
            coalesce(sum(h.unknown * s.share), 0), bool_and(h.priced)
        FROM held AS h JOIN pod_group AS g ON g.pod = h.number JOIN shares AS s USING (serving_group)
        LEFT JOIN spread AS x USING (instance_type)
        GROUP BY h.namespace, s.model
        """
    ).fetchall()
    for namespace, model, seconds, held, loaded, unknown, priced in rows:
        one = seen.setdefault((namespace, model), Served())
        one.seconds, one.unknown_seconds, one.is_priced = seconds, unknown, priced
        one.held, one.loaded = held or 0.0, loaded or 0.0


def _ratios(ledger: Ledger, seen: dict[tuple[str, str], Served]) -> None:
    """Busy and effective ratio, means over the time in which the model's pods worked."""
    rows = ledger.inputs.db.execute(
        """
        WITH sample AS (
            SELECT u.unit, (a.t + a.since) // 2 AS middle, a.t - a.since AS long, a.busy, a.effective
            FROM activity AS a JOIN unit AS u ON u.device = a.device AND u.mig = a.mig
        ),
        placed AS (
            SELECT x.*, s.pod, s.state, s.end_t
            FROM sample AS x ASOF JOIN segment AS s ON x.unit = s.unit AND x.middle >= s.start_t
        )
        SELECT p.namespace, m.model, sum(busy * long) / nullif(sum(long) FILTER (busy IS NOT NULL), 0),
            sum(effective * long) / nullif(sum(long) FILTER (effective IS NOT NULL), 0)
        FROM placed AS x JOIN pod AS p ON p.pod = x.pod JOIN pod_group AS g ON g.pod = x.pod
        JOIN group_model AS m ON m.serving_group = g.serving_group
        WHERE x.state = 'active' AND x.middle < x.end_t GROUP BY p.namespace, m.model
        """
    ).fetchall()
    for namespace, model, busy, effective in rows:
        for name in model.split(", "):
            if (namespace, name) in seen:
                seen[(namespace, name)].busy, seen[(namespace, name)].effective = busy, effective


def _latencies(ledger: Ledger, seen: dict[tuple[str, str], Served]) -> None:
    for name in ("ttft", "e2e", "queue"):
        if not (has(ledger.inputs, f"{name}_sum") and has(ledger.inputs, f"{name}_count")):
            continue
        for part in ("sum", "count"):
            increments(ledger.inputs, f"{name}_{part}")
        rows = ledger.inputs.db.execute(
            f"""
            SELECT namespace, model, sum(amount) FILTER (part = 'sum') / nullif(sum(amount) FILTER (part = 'count'), 0)
            FROM ({_grown(name, "sum")} UNION ALL {_grown(name, "count")}) GROUP BY namespace, model
            """
        ).fetchall()
        for namespace, model, mean in rows:
            if (namespace, model) in seen and mean is not None:
                seen[(namespace, model)].latency[name] = mean


def _grown(name: str, part: str) -> str:
    return f"""
        SELECT p.namespace, s.model, '{part}' AS part, g.amount FROM {name}_{part}_grown AS g
        JOIN {name}_{part}_series AS s USING (series) JOIN pod AS p ON p.pod = g.pod
    """
