"""A million output tokens of a model cost half as much again as they did in the last seven days.

What it means: nobody set a budget, or the cost is below it, and yet it rose: over six hours and over the last half
hour.
What to do: compare the same hour of last week on the Cost board. Look for a deploy (a smaller batch limit, another
instance type, more replicas), for a change of price, or for traffic that went away while the replicas stayed.
What it is not: the usual night. When nights alone are dear every day, an answer is fewer replicas at night.
"""

from __future__ import annotations

from alerts.alarm import Untold
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import MINUTE, MODEL, labels
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi import kpis
from analyzer.kpi.scope import Scope
from exporters.canonical import ledger

_USER = '{{cluster="prod", namespace="chat", model="llama", {}}}'
_DOLLARS = "gpuyield_ledger_dollars_total" + _USER.format('state="active-good"')
_TOKENS = "gpuyield_ledger_tokens_total" + _USER.format('kind="generation"')


def _expr(scope: Scope, thresholds: Thresholds) -> str:
    cost = kpis()["dollars_per_million_output_tokens"].promql
    on = labels(scope, MODEL)
    usual, long, short = (cost(scope.over(window), MODEL) for window in ("7d", "6h", "30m"))
    factor = f"{thresholds.cost_over_baseline_factor:g}"
    return f"(({short}) / ({usual})) > {factor} and on ({on}) (({long}) / ({usual})) > {factor}"


alerts = (
    Alert(
        name="GpuyieldCostOverBaseline",
        severity=Severity.TICKET,
        owner=Owner.FINOPS,
        board=Board.COST,
        says="a million output tokens of {{ $labels.namespace }}/{{ $labels.model }} cost"
        ' {{ $value | printf "%.1f" }} times what they did in seven days',
        why="Days differ by a third without anybody's doing; half as much again over six hours does not.",
        by=MODEL,
        limits=("cost_over_baseline_factor",),
        expr=_expr,
        lasts_seconds=lambda _: 15 * MINUTE,
        needs=(ledger.dollars_total, ledger.tokens_total),
        costs=Costs.MODEL,
        alarm=Untold("metric math sees one period at a time: it cannot compare six hours with seven days"),
        cases=(
            Case("thrice", {_DOLLARS: "0+0.005x2880 14.5+0.015x480", _TOKENS: "0+1000x3360"}, "56h", 1),
            Case("as ever", {_DOLLARS: "0+0.005x3360", _TOKENS: "0+1000x3360"}, "56h", 0),
        ),
    ),
)
