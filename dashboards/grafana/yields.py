"""Yield: how hard accelerators work beside what a dollar buys."""

from __future__ import annotations

from analyzer.kpi import kpis
from analyzer.kpi.definitions.devices import ratio
from analyzer.kpi.scope import Scope
from analyzer.report.look import COLOURS
from dashboards.panel import Board, Kind, Panel, Query, Section, Unit
from dashboards.queries import now, per_second
from exporters.canonical import device, ledger, serving

_HOUR = "1h"
_BUSY, _EFFECTIVE = (device.busy_ratio,), (device.compute_active_ratio, device.memory_active_ratio)


def _points(title: str, x: Query, y: Query, means: str, good: str) -> Panel:
    needs = (ledger.tokens_total, *_BUSY, *_EFFECTIVE)
    return Panel(title, Kind.POINTS, Unit.TOKENS_PER_DOLLAR, (x, y), means, good, needs, height=10, x_most=1.0)


def _build(scope: Scope) -> tuple[Section, ...]:
    hour = scope.over(_HOUR)
    per_dollar = Query(kpis()["tokens_per_dollar"].promql(hour, ()), "tokens per dollar", unit=Unit.TOKENS_PER_DOLLAR)
    busy, effective = (
        Query(ratio(name, scope.only("cluster").over(_HOUR), ()), name, unit=Unit.RATIO)
        for name in ("busy", "effective")
    )
    good = COLOURS["good"]
    return (
        Section(
            "Work against what it buys",
            (
                _points(
                    "Busy against tokens per dollar",
                    busy,
                    per_dollar,
                    "Each point is an hour that ends at a step of the shown time. Busy says only that some kernel ran.",
                    "Read the slope: where points move right and not up, accelerators are busy for nothing.",
                ),
                _points(
                    "Effective against tokens per dollar",
                    effective,
                    per_dollar,
                    "The same over the share of the roofline in use. The advisor's Yield page fits the curve.",
                    "Points go up and to the right together.",
                ),
            ),
        ),
        Section(
            "Over time",
            (
                Panel(
                    "Busy beside effective",
                    Kind.LINES,
                    Unit.RATIO,
                    (
                        Query(ratio("effective", scope.only("cluster"), ()), "effective"),
                        Query(ratio("busy", scope.only("cluster"), ()), "busy", dashed=True),
                    ),
                    "Means over all devices: the share of the roofline in use, and the time in which any kernel ran.",
                    "The lines are close. A wide gap is polling, small batches, or waiting kernels.",
                    (*_BUSY, *_EFFECTIVE),
                    most=1.0,
                ),
                Panel(
                    "Tokens per dollar",
                    Kind.LINES,
                    Unit.TOKENS_PER_DOLLAR,
                    (
                        Query(per_dollar.expr, "all"),
                        Query(kpis()["good_tokens_per_dollar"].promql(hour, ()), "proven good", good, dashed=True),
                    ),
                    "Generated tokens per dollar of the whole bill, over an hour.",
                    "Rises; the dashed line is close.",
                    (ledger.tokens_total, ledger.dollars_total),
                ),
                Panel(
                    "Tokens per accelerator-second",
                    Kind.LINES,
                    Unit.TOKENS_PER_SECOND,
                    (Query(kpis()["tokens_per_accelerator_second"].promql(hour, ()), "all models"),),
                    "Generated tokens per paid second of an accelerator: yield without prices.",
                    "Rises.",
                    (ledger.tokens_total, ledger.accelerator_seconds_total),
                ),
                Panel(
                    "Joules per token",
                    Kind.LINES,
                    Unit.JOULES,
                    (Query(kpis()["joules_per_token"].promql(scope.over("15m"), ()), "all devices"),),
                    "Energy of all devices, idle ones included, per generated token.",
                    "Falls as batches fill.",
                    (device.energy_joules_total, serving.generation_tokens_total),
                ),
            ),
        ),
        Section(
            "By model",
            (
                Panel(
                    "Throughput against requests running",
                    Kind.POINTS,
                    Unit.TOKENS_PER_SECOND,
                    (
                        Query(now(serving.requests_running, scope), "requests running", unit=Unit.COUNT),
                        Query(
                            per_second(serving.generation_tokens_total, scope.over("5m")),
                            "tokens per second",
                            unit=Unit.TOKENS_PER_SECOND,
                        ),
                    ),
                    "All chosen models together; choose one to see its curve. Where points stop to rise, more requests"
                    " only wait.",
                    "The engine runs near the knee.",
                    (serving.requests_running, serving.generation_tokens_total),
                    width=24,
                    height=10,
                ),
                Panel(
                    "Tokens per second and what they cost",
                    Kind.TABLE,
                    Unit.TOKENS_PER_SECOND,
                    (
                        Query(kpis()["tokens_per_second"].promql(hour, ("namespace", "model")), "Tokens per second"),
                        Query(
                            kpis()["dollars_per_million_output_tokens"].promql(hour, ("namespace", "model")),
                            "$ per 1M output",
                            unit=Unit.DOLLARS,
                        ),
                        Query(
                            kpis()["good_share_low_ratio"].promql(hour, ("namespace", "model")),
                            "Proven good",
                            unit=Unit.RATIO,
                        ),
                    ),
                    "Each model in the last hour.",
                    "Cheap where much is served.",
                    (serving.generation_tokens_total, ledger.dollars_total),
                    labels=(("namespace", "Namespace"), ("model", "Model")),
                    width=24,
                    height=10,
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-yield",
    "gpuyield / Yield",
    "Utilization against tokens per dollar: whether busy accelerators buy anything.",
    (),
    _build,
)
