"""What is paid, and how much of it bought nothing: figures over the published ledger."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.kpi.kpi import Kpi, KpiUnit, Seen, Subject
from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from analyzer.ledger.states import ACTIVE_GOOD, ACTIVE_UNPROVEN, GROUPS
from analyzer.report.model import Figure
from exporters.canonical import ledger

_HOUR_SECONDS = 3600


# What `gpuyield rules record` records where no `publish` runs, and the labels that each has beside the cluster.
CONSTANT_PRICED: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {
    (): ("gpuyield:node_dollars_per_hour", ("instance_type", "price_basis")),
    GROUPS["free"]: ("gpuyield:free_dollars_per_hour", ("instance_type", "price_basis")),
}


def dollars_per_hour(scope: Scope, by: tuple[str, ...], *states: str) -> str:
    """What the states cost in an hour; without states, the whole bill. Where the ledger is not published, what constant
    prices say of it, as far as they know the labels asked for."""
    where = (("state", "|".join(states)),) if states else ()
    own = f"{total(Read(ledger.dollars_total, 'rate', where=where), scope, by)} * {_HOUR_SECONDS}"
    name, labels = CONSTANT_PRICED.get(states, ("", ()))
    if not name or not set(by) <= {"cluster", *labels} or set(scope.matchers) - {"cluster"}:
        return own
    chosen = f'{{{scope.cluster}=~"{scope.matchers["cluster"]}"}}' if scope.matchers else ""
    kept = ", ".join(scope.cluster if label == "cluster" else label for label in by)
    return f"({own} or sum by ({kept}) ({name}{chosen}))"


def _of_states(*states: str) -> Callable[[Scope, tuple[str, ...]], str]:
    return lambda scope, by: dollars_per_hour(scope, by, *states)


def _waste(*good: str) -> Callable[[Scope, tuple[str, ...]], str]:
    """1 - (what the good states cost) / bill; where no state is good, all of it."""

    def promql(scope: Scope, by: tuple[str, ...]) -> str:
        bill = dollars_per_hour(scope, by)
        return f"1 - ({dollars_per_hour(scope, by, *good)} or {bill} * 0) / ({bill} > 0)"

    return promql


def _bill_frame(seen: Seen) -> dict[Subject, Figure]:
    return {(): _per_hour(seen, *GROUPS)}


def _per_hour(seen: Seen, *groups: str) -> Figure:
    states = {state for group in groups for state in GROUPS[group]}
    dollars = sum(line.dollars for line in seen.report.ledger if line.state in states)
    return Figure(dollars / seen.hours, seen.report.bill.dollars.coverage, seen.report.bill.dollars.sources)


figures = (
    Kpi(
        "bill_dollars_per_hour",
        "Bill",
        KpiUnit.DOLLARS_PER_HOUR,
        "What all accelerator nodes cost, whatever they did.",
        "Follows the work: falls at night when the traffic does.",
        (ledger.dollars_total,),
        (),
        _of_states(),
        _bill_frame,
    ),
    Kpi(
        "idle_dollars_per_hour",
        "Held and idle",
        KpiUnit.DOLLARS_PER_HOUR,
        "Accelerators that a Ready pod holds and that show no work.",
        "Near 0. What stays here for hours wants fewer replicas or scale to zero.",
        (ledger.dollars_total,),
        (),
        _of_states("held-idle"),
        lambda seen: {(): seen.report.kpis.idle_dollars_per_hour},
    ),
    Kpi(
        "free_dollars_per_hour",
        "Free",
        KpiUnit.DOLLARS_PER_HOUR,
        "Accelerators of Ready nodes that no pod holds.",
        "Small and short: what Karpenter has not yet consolidated.",
        (ledger.dollars_total,),
        (),
        _of_states(*GROUPS["free"]),
        lambda seen: {(): seen.report.kpis.free_dollars_per_hour},
    ),
    Kpi(
        "starting_dollars_per_hour",
        "Starting",
        KpiUnit.DOLLARS_PER_HOUR,
        "Accelerators that are held by pods which pull an image, load weights or compile.",
        "Peaks at deploys only. A level means that pods restart.",
        (ledger.dollars_total,),
        (),
        _of_states("held-starting"),
        lambda seen: {
            (): Figure(
                sum(line.dollars for line in seen.report.ledger if line.state == "held-starting") / seen.hours, 1.0, []
            )
        },
    ),
    Kpi(
        "waste_high_ratio",
        "Waste, proven good only",
        KpiUnit.RATIO,
        "Share of the bill that did not buy proven good work: the upper bound of waste.",
        "Falls from week to week; 0.3 to 0.5 is what well-run fleets reach.",
        (ledger.dollars_total,),
        (),
        _waste(ACTIVE_GOOD),
        lambda seen: {(): _bound(seen.report.kpis.waste_ratio, is_high=True)},
    ),
    Kpi(
        "waste_low_ratio",
        "Waste, all unproven work good",
        KpiUnit.RATIO,
        "Share of the bill that bought no work which may be good: the lower bound of waste.",
        "Close to the upper bound: then the SLO is measured well.",
        (ledger.dollars_total,),
        (),
        _waste(ACTIVE_GOOD, ACTIVE_UNPROVEN),
        lambda seen: {(): _bound(seen.report.kpis.waste_ratio, is_high=False)},
    ),
)


def _bound(figure: Figure, *, is_high: bool) -> Figure:
    bound = figure.high if is_high else figure.low
    return Figure(figure.value if bound is None else bound, figure.coverage, figure.sources, reason=figure.reason)
