"""Executive: of what was paid, what bought good tokens, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.kpi import kpis
from analyzer.kpi.scope import Scope
from analyzer.ledger.states import ACTIVE_GOOD, ACTIVE_UNPROVEN, GROUPS, HELD_IDLE, UNKNOWN
from dashboards.panel import NEUTRAL, Board, Kind, Panel, Query, Section, Unit
from dashboards.queries import DAY_SECONDS, HOUR_SECONDS, RANGE, by_group, grown, now, per_second
from exporters.canonical import ledger

_IDLE = "|".join((HELD_IDLE, *GROUPS["free"]))
_SENTENCE = (
    "## Of $$bill in this time, $$good ($cents cents of each dollar) bought proven good tokens\n"
    "Accelerator nodes of the chosen clusters, from the ledger that gpuyield publish keeps. Up to $possible cents may"
    " have been good: the SLO's histograms prove no more."
)


def _totals(scope: Scope) -> tuple[tuple[str, str], ...]:
    bill = grown(ledger.dollars_total, scope)
    good = f"({grown(ledger.dollars_total, scope, state=ACTIVE_GOOD)} or {bill} * 0)"
    possible = grown(ledger.dollars_total, scope, state=f"{ACTIVE_GOOD}|{ACTIVE_UNPROVEN}")
    return (
        ("bill", f"round({bill})"),
        ("good", f"round({good})"),
        ("cents", f"round(100 * {good} / ({bill} > 0))"),
        ("possible", f"round(100 * {possible} / ({bill} > 0))"),
    )


def _over_range(name: str, scope: Scope, *by: str) -> str:
    return kpis()[name].promql(scope.over(RANGE), by)


def _per_day(scope: Scope, states: str) -> str:
    return f"{per_second(ledger.dollars_total, scope.over(RANGE), state=states)} * {DAY_SECONDS}"


def _shares(scope: Scope) -> Iterator[Query]:
    bill = grown(ledger.dollars_total, scope)
    for query in by_group(ledger.dollars_total, scope, over=RANGE):
        yield replace(query, expr=f"{query.expr} / ({bill} > 0)")


def _stat(title: str, unit: Unit, means: str, good: str, *queries: Query) -> Panel:
    return Panel(title, Kind.STAT, unit, queries, means, good, (ledger.dollars_total,), width=6, height=5)


def _build(scope: Scope) -> tuple[Section, ...]:
    good_low, good_high = (_over_range(f"good_share_{bound}_ratio", scope) for bound in ("low", "high"))
    cost = kpis()["dollars_per_million_good_tokens"].promql
    return (
        Section(
            "",
            (
                Panel("", Kind.TEXT, Unit.TEXT, (), "", "", (), width=24, height=4, text=_SENTENCE),
                Panel(
                    "Where the bill went",
                    Kind.BARS,
                    Unit.DOLLARS,
                    tuple(by_group(ledger.dollars_total, scope, over=RANGE)),
                    "Dollars by what the accelerators did, from bought to unknown; they sum to the bill.",
                    "The first bar is the longest.",
                    (ledger.dollars_total,),
                    width=16,
                ),
                Panel(
                    "Share of each dollar",
                    Kind.BARS,
                    Unit.RATIO,
                    tuple(_shares(scope)),
                    "The same as a share of the bill.",
                    "The first bar is the longest.",
                    (ledger.dollars_total,),
                    width=8,
                ),
                _stat(
                    "$ / 1M good",
                    Unit.DOLLARS,
                    "At best: held dollars per million tokens that may have been inside the SLO, in the shown time and"
                    " in the last hour.",
                    "The last hour is no dearer than the rest.",
                    Query(cost(scope.over(RANGE), ()), "shown", is_instant=True),
                    Query(cost(scope.over("1h"), ()), "last hour", is_instant=True),
                ),
                _stat(
                    "Idle and free / day",
                    Unit.DOLLARS,
                    "What accelerators cost that a pod holds without work, or that nobody holds.",
                    "Under a tenth of the bill.",
                    Query(_per_day(scope, _IDLE), "", is_instant=True),
                ),
                _stat(
                    "Not known / day",
                    Unit.DOLLARS,
                    "What accelerators cost whose state no signal tells. It is in the bill and in no finding.",
                    "0; gpuyield doctor says which signal is missing.",
                    Query(f"{_per_day(scope, UNKNOWN)} or vector(0)", "", is_instant=True),
                ),
                _stat(
                    "Inside the SLO",
                    Unit.RATIO,
                    "Share of generated tokens of requests inside the SLO: what is proven, and what is possible.",
                    "Both above what was promised, and close together.",
                    Query(good_low, "proven", is_instant=True),
                    Query(good_high, "possible", is_instant=True),
                ),
            ),
        ),
        Section(
            "What to do",
            (
                Panel(
                    "Open findings, dollars per hour",
                    Kind.TABLE,
                    Unit.DOLLARS,
                    (
                        Query(
                            now(ledger.finding_dollars_per_hour, scope, "namespace", "rule", kind="realisable"),
                            "A change saves",
                            NEUTRAL,
                        ),
                        Query(
                            now(ledger.finding_dollars_per_hour, scope, "namespace", "rule", kind="attributed"),
                            "Is wasted",
                        ),
                    ),
                    "What the advisor found, the largest saving first; gpuyield advise has the evidence and the patch.",
                    "Short, and nothing in it for more than a week.",
                    (ledger.finding_dollars_per_hour,),
                    labels=(("namespace", "Namespace"), ("rule", "Rule")),
                    width=24,
                    height=6,
                ),
                Panel(
                    "Models",
                    Kind.TABLE,
                    Unit.DOLLARS,
                    (
                        Query(grown(ledger.dollars_total, scope, "namespace", "model", model=".+"), "Held"),
                        Query(
                            grown(ledger.tokens_total, scope, "namespace", "model", kind="generation"),
                            "Output",
                            unit=Unit.TOKENS,
                        ),
                        Query(
                            _over_range("dollars_per_million_output_tokens", scope, "namespace", "model"), "$ per 1M"
                        ),
                    ),
                    "Each model's held dollars, its generated tokens, and what a million of them cost.",
                    "Dollars and tokens fall and rise together.",
                    (ledger.dollars_total, ledger.tokens_total),
                    labels=(("namespace", "Namespace"), ("model", "Model")),
                    width=24,
                    height=9,
                ),
            ),
        ),
        Section(
            "Trend",
            (
                Panel(
                    "Dollars per hour by what the accelerators did",
                    Kind.STACK,
                    Unit.DOLLARS,
                    tuple(by_group(ledger.dollars_total, scope, HOUR_SECONDS)),
                    "The bill over time; its height is what all accelerator nodes cost in an hour.",
                    "The height follows the traffic; the lowest band is the thickest.",
                    (ledger.dollars_total,),
                    width=16,
                ),
                Panel(
                    "Tokens per dollar",
                    Kind.LINES,
                    Unit.TOKENS_PER_DOLLAR,
                    (
                        Query(kpis()["tokens_per_dollar"].promql(scope.over("1h"), ()), "all"),
                        Query(
                            kpis()["good_tokens_per_dollar"].promql(scope.over("1h"), ()), "proven good", dashed=True
                        ),
                    ),
                    "Generated tokens per dollar of the whole bill, over an hour.",
                    "Rises from week to week; the dashed line is close.",
                    (ledger.tokens_total, ledger.dollars_total),
                    width=8,
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-executive",
    "gpuyield / Executive",
    "Where the accelerator dollars went, what they bought, and what to do next.",
    (),
    _build,
    since="now-7d",
    totals=_totals,
)
