"""A million output tokens of a model cost more than the budget.

What it means: the dollars of the devices that the model's pods hold, per million generated tokens, were above the
budget over six hours, and are so now.
What to do: the Cost board says whether dollars rose (replicas, dearer nodes) or tokens fell (less traffic on the same
replicas). Fewer replicas at low traffic is the usual answer; `gpuyield tradeoff` finds the cheapest load that keeps the
SLO.
What it is not: a jump from one slow quarter of an hour. Set `budget_dollars_per_million` to your own number: the
default is a guess that suits no model well.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import HOUR, MINUTE, MODEL, labels
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi import kpis
from analyzer.kpi.scope import Scope
from exporters.canonical import ledger

_USER = '{{cluster="prod", namespace="chat", model="llama", {}}}'
_DOLLARS = "gpuyield_ledger_dollars_total" + _USER.format('state="active-good"')
_TOKENS = "gpuyield_ledger_tokens_total" + _USER.format('kind="generation"')


def _expr(scope: Scope, thresholds: Thresholds) -> str:
    cost = kpis()["dollars_per_million_output_tokens"].promql
    long, short = (f"{cost(scope.over(window), MODEL)}" for window in ("6h", "30m"))
    line = f"{thresholds.budget_dollars_per_million:g}"
    return f"{short} > {line} and on ({labels(scope, MODEL)}) {long} > {line}"


alerts = (
    Alert(
        name="GpuyieldCostOverBudget",
        severity=Severity.TICKET,
        owner=Owner.FINOPS,
        board=Board.COST,
        says="a million output tokens of {{ $labels.namespace }}/{{ $labels.model }} cost"
        ' ${{ $value | printf "%.2f" }}',
        why="Six hours bridge a quiet hour, half an hour ends the alert soon after the cost has fallen.",
        by=MODEL,
        limits=("budget_dollars_per_million",),
        expr=_expr,
        lasts_seconds=lambda _: 15 * MINUTE,
        needs=(ledger.dollars_total, ledger.tokens_total),
        costs=Costs.MODEL,
        alarm=Alarm(
            stats={
                "dollars": Stat(ledger.loaded_dollars_total, "Sum"),
                "tokens": Stat(ledger.tokens_total, "Sum", {"kind": "generation"}),
            },
            expression="1000000 * dollars / tokens",
            above=lambda thresholds: thresholds.budget_dollars_per_million,
            lasts_seconds=lambda _: 6 * HOUR,
            period_seconds=1800,
            lost="which model: all dollars, free nodes too, over all tokens",
        ),
        cases=(
            Case("$50 a million", {_DOLLARS: "0+0.05x500", _TOKENS: "0+1000x500"}, "8h", 1),
            Case("$5 a million", {_DOLLARS: "0+0.005x500", _TOKENS: "0+1000x500"}, "8h", 0),
            Case(
                "dear for twenty minutes only",
                {_DOLLARS: "0+0.005x460 2.35+0.05x20", _TOKENS: "0+1000x480"},
                "8h",
                0,
            ),
            Case("no tokens: no cost of one", {_DOLLARS: "0+0.05x500", _TOKENS: "0x500"}, "8h", 0),
        ),
    ),
)
