"""Models: their tokens, their dollars held and loaded, and what a million tokens cost (DESIGN 6.5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.ledger.counters import increments
from analyzer.ledger.inputs import has
from analyzer.ledger.ledger import Ledger
from analyzer.report.model import Dollars, Figure, Latency, Model, PerMillion, SloPart, Tokens

_MILLION = 1e6
_TOKEN_TABLES = ("prompt", "prompt_cached", "generation")


@dataclass(slots=True)
class _Seen:
    """What was added up for one (namespace, model)."""

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


def models(ledger: Ledger) -> list[Model]:
    """One entry per namespace and model, the dearest first."""
    seen: dict[tuple[str, str], _Seen] = {}
    _tokens(ledger, seen)
    _good(ledger, seen)
    _dollars(ledger, seen)
    _ratios(ledger, seen)
    _latencies(ledger, seen)
    ordered = sorted(seen.items(), key=lambda item: (-item[1].held, item[0]))
    return [_model(ledger, namespace, model, one) for (namespace, model), one in ordered]


def price_names(ledger: Ledger) -> list[str]:
    """The prices that the ledger's dollars rest on."""
    return sorted({node.price.name for node in ledger.nodes if node.price})


def _tokens(ledger: Ledger, seen: dict[tuple[str, str], _Seen]) -> None:
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
            one = seen.setdefault((namespace, model), _Seen())
            one.engine = producer
            one.tokens[table] = (amount, amount + hidden.get((namespace, model), 0.0))


def _good(ledger: Ledger, seen: dict[tuple[str, str], _Seen]) -> None:
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


def _dollars(ledger: Ledger, seen: dict[tuple[str, str], _Seen]) -> None:
    """Held dollars of each serving group go to its models by tokens; loaded adds free and node time of the same
    instance type, spread by held seconds."""
    db = ledger.inputs.db
    db.register("ledger_rows", ledger.rows)
    rows = db.execute(
        """
        WITH spread AS (
            SELECT instance_type, sum(dollars) FILTER (pod = '')
                / nullif(sum(seconds) FILTER (pod <> ''), 0) AS extra_per_second
            FROM ledger_rows GROUP BY instance_type
        ),
        weights AS (
            SELECT g.serving_group, s.model, sum(x.amount) AS tokens
            FROM generation_grown AS x JOIN generation_series AS s USING (series) JOIN pod_group AS g ON g.pod = x.pod
            GROUP BY g.serving_group, s.model
        ),
        shares AS (
            SELECT serving_group, model,
                CASE WHEN sum(tokens) OVER w > 0 THEN tokens / sum(tokens) OVER w ELSE 1 / count(*) OVER w END AS share
            FROM weights WINDOW w AS (PARTITION BY serving_group)
        ),
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
        one = seen.setdefault((namespace, model), _Seen())
        one.seconds, one.unknown_seconds, one.is_priced = seconds, unknown, priced
        one.held, one.loaded = held or 0.0, loaded or 0.0


def _ratios(ledger: Ledger, seen: dict[tuple[str, str], _Seen]) -> None:
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


def _latencies(ledger: Ledger, seen: dict[tuple[str, str], _Seen]) -> None:
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


def _model(ledger: Ledger, namespace: str, model: str, one: _Seen) -> Model:
    sources = sorted({one.engine} - {""})
    coverage = 1 - one.unknown_seconds / one.seconds if one.seconds else 0.0

    def tokens(kind: str) -> Figure:
        if kind not in one.tokens:
            return Figure(None, 0.0, sources, reason="the engine does not count it")
        seen_tokens, most = one.tokens[kind]
        if most > seen_tokens:
            return Figure(seen_tokens, 1.0, sources, low=seen_tokens, high=most)
        return Figure(seen_tokens, 1.0, sources)

    no_dollars = None
    if not one.seconds:
        no_dollars = "no accelerator that its pods hold was seen"
    elif not one.is_priced:
        no_dollars = "the price of a node is unknown"
    paid = [*sources, *price_names(ledger)]

    def dollars(value: float) -> Figure:
        return Figure(None, 0.0, sources, reason=no_dollars) if no_dollars else Figure(value, coverage, paid)

    def per_million(count: float | None, value: float = one.held) -> Figure:
        if no_dollars or not count:
            return Figure(None, 0.0, sources, reason=no_dollars or "no such tokens in the window")
        return Figure(value / count * _MILLION, coverage, paid)

    prompt, generation = (one.tokens.get(kind, (None, None))[0] for kind in ("prompt", "generation"))
    cached = one.tokens.get("prompt_cached", (None, None))[0]
    everything = None if prompt is None or generation is None else prompt + generation
    return Model(
        model=model,
        engine=one.engine,
        namespace=namespace,
        tokens=Tokens(tokens("prompt"), tokens("prompt_cached"), tokens("generation")),
        dollars=Dollars(dollars(one.held), dollars(one.loaded)),
        dollars_per_million=PerMillion(
            all=per_million(everything),
            output=per_million(generation),
            computed=per_million(None if everything is None or cached is None else everything - cached),
            good=_per_million_good(one, no_dollars, coverage, paid),
        ),
        dollars_per_million_loaded_output=per_million(generation, one.loaded),
        tokens_per_second=Figure(None, 0.0, sources, reason="the engine does not count it")
        if generation is None
        else Figure(generation / ledger.window.seconds, 1.0, sources),
        busy_ratio=_ratio(one.busy),
        effective_ratio=_ratio(one.effective),
        latency=Latency(*(_mean(one.latency.get(name), sources) for name in ("ttft", "e2e", "queue"))),
        slo=SloPart(str(ledger.options.slo) or "none chosen", _good_share(one, generation, sources)),
    )


def _per_million_good(one: _Seen, no_dollars: str | None, coverage: float, sources: list[str]) -> Figure:
    low, high = one.good
    if no_dollars or not high:
        return Figure(None, 0.0, sources, reason=no_dollars or "no good tokens in the window")
    best = one.held / high * _MILLION
    if low == high:
        return Figure(best, coverage, sources)
    worst = one.held / low * _MILLION if low else None
    reason = None if low else "no upper bound: none of the tokens is proven good"
    return Figure(None if worst is None else (best + worst) / 2, coverage, sources, best, worst, reason)


def _good_share(one: _Seen, generation: float | None, sources: list[str]) -> Figure:
    if not generation:
        return Figure(None, 0.0, sources, reason="no generated tokens in the window")
    low, high = one.good[0] / generation, one.good[1] / generation
    if high - low < 1e-12:
        return Figure(low, 1.0, sources)
    return Figure((low + high) / 2, 1.0, sources, low=low, high=high)


def _ratio(value: float | None) -> Figure:
    if value is None:
        return Figure(None, 0.0, [], reason="no device signal for its pods while they worked")
    return Figure(value, 1.0, ["device exporter"])


def _mean(value: float | None, sources: list[str]) -> Figure:
    if value is None:
        return Figure(None, 0.0, sources, reason="the engine records no such latency in the window")
    return Figure(value, 1.0, sources)
