"""Cost: by team, model, NodePool and kind of capacity; and what a million tokens cost."""

from __future__ import annotations

from analyzer.kpi import kpis
from analyzer.kpi.scope import Scope
from dashboards.panel import NEUTRAL, Board, Choice, Kind, Panel, Query, Section, Unit
from dashboards.queries import RANGE, by_group, dollars, grown
from exporters.canonical import ledger

_MODEL = ("namespace", "model")
_NEEDS = (ledger.dollars_total,)
_PER_MILLION = (
    ("dollars_per_million_output_tokens", "$ per 1M output, held"),
    ("loaded_dollars_per_million_output_tokens", "Output, loaded"),
    ("dollars_per_million_tokens", "All tokens"),
    ("dollars_per_million_computed_tokens", "Computed"),
    ("dollars_per_million_good_tokens", "Good, at best"),
)


def _bars(title: str, scope: Scope, label: str, means: str, width: int = 8) -> Panel:
    expr = f"topk(8, {grown(ledger.dollars_total, scope, label, **{label: '.+'})} > 0)"
    return Panel(
        title,
        Kind.BARS,
        Unit.DOLLARS,
        (Query(expr, f"{{{{{label}}}}}", NEUTRAL),),
        f"{means} In the shown time; the eight dearest.",
        "No surprise: each bar has an owner who expects it.",
        _NEEDS,
        width=width,
        height=9,
    )


def _build(scope: Scope) -> tuple[Section, ...]:
    return (
        Section(
            "Who pays",
            (
                _bars("By team", scope, "team", "Dollars of the accelerators that a team's pods hold."),
                _bars("By model", scope, "model", "Dollars of the accelerators that a model's pods hold."),
                _bars("By NodePool", scope, "nodepool", "Dollars of a NodePool's accelerators, whatever they did."),
            ),
        ),
        Section(
            "What a million tokens cost",
            (
                Panel(
                    "$ per million tokens, by what is counted",
                    Kind.TABLE,
                    Unit.DOLLARS,
                    tuple(Query(kpis()[name].promql(scope.over(RANGE), _MODEL), head) for name, head in _PER_MILLION),
                    "Held: the dollars of the devices that the model's pods hold. Loaded: with its share of free and"
                    " node states. Computed: without prompt tokens from a cache. Good: inside the SLO, at best.",
                    "Loaded is close to held; good is close to output.",
                    (ledger.dollars_total, ledger.loaded_dollars_total, ledger.tokens_total),
                    labels=(("namespace", "Namespace"), ("model", "Model")),
                    width=24,
                ),
                Panel(
                    "$ per million output tokens, held",
                    Kind.LINES,
                    Unit.DOLLARS,
                    (
                        Query(
                            f"topk(6, {kpis()['dollars_per_million_output_tokens'].promql(scope.over('1h'), _MODEL)})",
                            "{{namespace}} {{model}}",
                        ),
                    ),
                    "Over an hour; the six dearest. It jumps at night where replicas stay while the traffic goes.",
                    "Flat.",
                    (ledger.dollars_total, ledger.tokens_total),
                    width=24,
                ),
            ),
        ),
        Section(
            "How it is bought",
            (
                Panel(
                    "By capacity",
                    Kind.STACK,
                    Unit.DOLLARS,
                    (Query(dollars(scope, "capacity_type"), "{{capacity_type}}"),),
                    "Dollars per hour by capacity type.",
                    "What runs all day is reserved; what can be interrupted is spot.",
                    _NEEDS,
                ),
                Panel(
                    "By instance type",
                    Kind.STACK,
                    Unit.DOLLARS,
                    (Query(dollars(scope, "instance_type"), "{{instance_type}}"),),
                    "Dollars per hour by instance type.",
                    "Each type is there for a reason: see the Yield board.",
                    _NEEDS,
                ),
                Panel(
                    "By what the accelerators did",
                    Kind.STACK,
                    Unit.DOLLARS,
                    tuple(by_group(ledger.dollars_total, scope, 3600)),
                    "Dollars per hour of the chosen namespaces, models and teams; free and node states belong to no"
                    " namespace.",
                    "The lowest bands are the thickest.",
                    _NEEDS,
                    width=16,
                ),
                Panel(
                    "Price basis",
                    Kind.TABLE,
                    Unit.DOLLARS,
                    (Query(grown(ledger.dollars_total, scope, "price_basis"), "Dollars"),),
                    "On which prices the dollars stand: list, or what was agreed.",
                    "Effective, where a discount exists: give it in a rate card.",
                    _NEEDS,
                    labels=(("price_basis", "Basis"),),
                    width=8,
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-cost",
    "gpuyield / Cost",
    "What accelerators cost by team, model and NodePool, and what a million tokens cost.",
    (Choice.NAMESPACE, Choice.MODEL, Choice.TEAM),
    _build,
    since="now-7d",
)
