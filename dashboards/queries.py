"""The questions that boards ask, in few words; the names behind them come from the declarations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.kpi.definitions.money import dollars_per_hour
from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from analyzer.ledger.states import GROUPS
from analyzer.report.look import COLOURS
from dashboards.panel import Query
from exporters.canonical import ledger
from exporters.metric import Metric

RANGE = "$__range"
HOUR_SECONDS, DAY_SECONDS = 3600, 86_400
CELLS = "15m"  # rates of the ledger, which moves once in five minutes
BOARD = Scope(
    {"cluster": "$cluster", "namespace": "$namespace", "model": "$model", "team": "$team"}, "$__rate_interval"
)


def board_scope(choices: tuple[str, ...], scope: Scope) -> Scope:
    """What the reader chose; only of the variables that the board has."""
    chosen = BOARD.only("cluster", *choices)
    return replace(scope, matchers=chosen.matchers, window=chosen.window)


def now(metric: Metric, scope: Scope, *by: str, combine: str = "sum", **where: str) -> str:
    """The value now, added up."""
    return total(Read(metric, where=tuple(where.items()), combine=_inner(combine)), scope, by, combine)


def per_second(metric: Metric, scope: Scope, *by: str, combine: str = "sum", **where: str) -> str:
    """The rate of a counter."""
    return total(Read(metric, "rate", where=tuple(where.items()), combine=_inner(combine)), scope, by, combine)


def grown(metric: Metric, scope: Scope, *by: str, **where: str) -> str:
    """By how much a counter rose in the time that the board shows."""
    return total(Read(metric, "increase", where=tuple(where.items())), scope.over(RANGE), by)


def by_group(metric: Metric, scope: Scope, factor: int = 1, *, over: str = "") -> Iterator[Query]:
    """One query for each group of states, in their order and colours: the rate, or what came up `over` a range."""
    function, wide = "increase" if over else "rate", scope.over(over or CELLS)
    everything = total(Read(metric, function), wide, ())
    for group, states in GROUPS.items():
        read = Read(metric, function, where=(("state", "|".join(states)),))
        expr = f"({total(read, wide, ())} or 0 * {everything})"  # a told ledger without the state has 0 of it
        yield Query(f"{expr} * {factor}" if factor != 1 else expr, group, COLOURS[group], is_instant=bool(over))


def dollars(scope: Scope, *by: str, **where: str) -> str:
    """Dollars per hour of the published ledger."""
    if where:
        return f"{per_second(ledger.dollars_total, scope.over(CELLS), *by, **where)} * {HOUR_SECONDS}"
    return dollars_per_hour(scope.over(CELLS), by)


def _inner(combine: str) -> str:
    """Two series of one thing: the larger where a mean or an extreme is asked for, as they tell of the same."""
    return "sum" if combine == "sum" else "max"
