"""Key figures over the whole ledger: what was wasted, what a dollar and a joule bought, what a start cost."""

from __future__ import annotations

from analyzer.accounts.cold_starts import pod_starts
from analyzer.ledger.counters import increments_of_devices
from analyzer.ledger.ledger import Ledger
from analyzer.ledger.states import ACTIVE_GOOD, ACTIVE_UNPROVEN
from analyzer.report.bill import price_coverage, price_names
from analyzer.report.model import Figure, Kpis, Model

_TARGET_STEP = 0.1


def kpis(ledger: Ledger, models: list[Model]) -> Kpis:
    """The key figures; each is null with its reason where a part of it is not known."""
    spent = dict(
        ledger.inputs.db.execute("SELECT state, coalesce(sum(dollars), 0) FROM ledger_rows GROUP BY state").fetchall()
    )
    bill = sum(spent.values())
    accelerator_seconds = ledger.inputs.db.execute("SELECT coalesce(sum(seconds), 0) FROM ledger_rows").fetchall()[0][0]
    coverage = price_coverage(ledger)
    hours = ledger.window.seconds / 3600
    generated = sum(one.tokens.generation.value or 0 for one in models)
    good = [_interval(one) for one in models]
    paid, engines = price_names(ledger), sorted({one.engine for one in models})

    def per_bill(value: float, low: float | None = None, high: float | None = None) -> Figure:
        if not bill:
            return Figure(None, 0.0, [], reason="the bill is unknown")
        if low is None or high is None or low == high:
            return Figure(value / bill, coverage, paid)
        return Figure(value / bill, coverage, paid, low=low / bill, high=high / bill)

    def per_hour(*states: str) -> Figure:
        if not bill:
            return Figure(None, 0.0, [], reason="the bill is unknown")
        return Figure(sum(spent.get(state, 0.0) for state in states) / hours, coverage, paid)

    low, high = sum(pair[0] for pair in good), sum(pair[1] for pair in good)
    return Kpis(
        waste_ratio=_waste(spent, bill, coverage, paid),
        idle_dollars_per_hour=per_hour("held-idle"),
        free_dollars_per_hour=per_hour("free", "free-fragmented", "free-stranded"),
        tokens_per_dollar=per_bill(generated),
        good_tokens_per_dollar=per_bill((low + high) / 2, low, high),
        tokens_per_accelerator_second=Figure(generated / accelerator_seconds, 1.0, engines)
        if accelerator_seconds
        else Figure(None, 0.0, [], reason="no accelerator was seen"),
        joules_per_token=_joules(ledger, generated),
        cold_start_dollars_per_start=_cold_starts(ledger),
        waste_ratio_at_other_targets=_other_targets(ledger, bill, coverage),
    )


def _interval(one: Model) -> tuple[float, float]:
    share, tokens = one.slo.good_share, one.tokens.generation.value or 0.0
    middle = share.value or 0.0
    return tokens * (middle if share.low is None else share.low), tokens * (
        middle if share.high is None else share.high
    )


def _waste(spent: dict[str, float], bill: float, coverage: float, paid: list[str]) -> Figure:
    """1 - (dollars that did good work) / bill; between what is proven and what may still be good."""
    if not bill:
        return Figure(None, 0.0, [], reason="the bill is unknown")
    proven = spent.get(ACTIVE_GOOD, 0.0)
    possible = proven + spent.get(ACTIVE_UNPROVEN, 0.0)
    if possible == proven:
        return Figure(1 - proven / bill, coverage, paid)
    return Figure(1 - (proven + possible) / 2 / bill, coverage, paid, low=1 - possible / bill, high=1 - proven / bill)


def _other_targets(ledger: Ledger, bill: float, coverage: float) -> dict[str, Figure]:
    """The waste ratio with an effective target a tenth lower and higher: how much hangs on that choice.

    Good and unproven dollars scale with min(1, x / T) per cell; the effective ratio of each cell is known.
    """
    target = ledger.options.effective_target
    found: dict[str, Figure] = {}
    for other in (target - _TARGET_STEP, target + _TARGET_STEP):
        if not 0 < other <= 1 or not bill:
            continue
        low, high = ledger.inputs.db.execute(
            """
            SELECT coalesce(sum(d * u * low), 0), coalesce(sum(d * u * high), 0) FROM (
                SELECT c.microseconds / 3.6e9 * t.parts / t.whole * r.device_dollars_per_hour AS d,
                    least(1, greatest(0, e.x) / $1) AS u,
                    CASE WHEN m.serving_group IS NULL THEN 1 ELSE coalesce(q.low, b.low) END AS low,
                    CASE WHEN m.serving_group IS NULL THEN 1 ELSE coalesce(q.high, b.high) END AS high
                FROM cell_state AS c JOIN unit AS t USING (unit) JOIN node_price AS r USING (spell)
                JOIN pod_group AS g USING (pod) CROSS JOIN no_news AS b
                JOIN effective_cell AS e ON e.unit = c.unit AND e.pod = c.pod AND e.cell = c.cell
                LEFT JOIN group_model AS m ON m.serving_group = g.serving_group
                LEFT JOIN group_good AS q ON q.serving_group = g.serving_group AND q.cell = c.cell
                WHERE c.state = 'active'
            )
            """,
            [other],
        ).fetchall()[0]
        found[f"{other:.2g}"] = _waste(
            {ACTIVE_GOOD: low, ACTIVE_UNPROVEN: high - low}, bill, coverage, price_names(ledger)
        )
    return found


def _joules(ledger: Ledger, generated: float) -> Figure:
    """Energy of all devices over generated tokens of all models."""
    joules, devices = increments_of_devices(ledger.inputs, "energy")
    if not devices:
        return Figure(None, 0.0, [], reason="no energy counter was seen")
    if not generated:
        return Figure(None, 0.0, [], reason="no generated tokens in the window")
    return Figure(joules / generated, devices / max(1, len(ledger.devices)), ["device exporter"])


def _cold_starts(ledger: Ledger) -> Figure:
    """Dollars of held-starting time over the number of times that a pod began to start in the window."""
    found = pod_starts(ledger)
    if not found.starts:
        return Figure(None, 0.0, [], reason="no pod started in the window")
    return Figure((found.dollars or 0.0) / found.starts, 1.0, price_names(ledger))
