"""How hard accelerators work and what that draws: figures over device series, whoever publishes them."""

from __future__ import annotations

from analyzer.kpi.kpi import Kpi, KpiUnit, Seen, Subject
from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from analyzer.report.model import Figure
from exporters.canonical import device, serving


def ratio(metric: str, scope: Scope, by: tuple[str, ...], combine: str = "avg") -> str:
    """The mean over devices of `busy` or `effective` ratios, each a mean over the window."""
    if metric == "busy":
        return total(Read(device.busy_ratio, "avg_over_time", combine="max"), scope, by, combine)
    one = tuple(dict.fromkeys((scope.cluster, *device.busy_ratio.labels, *by)))
    compute, memory = (
        total(Read(metric, "avg_over_time", combine="max"), scope, one, "max")
        for metric in (device.compute_active_ratio, device.memory_active_ratio)
    )
    kept = ", ".join(scope.cluster if label == "cluster" else label for label in by)
    return f"{combine} by ({kept}) (({compute} > {memory}) or {memory} or {compute})"


def _mean(seen: Seen, column: str) -> dict[Subject, Figure]:
    """Over all samples of the window, those of devices that nobody holds included."""
    value = seen.ledger.inputs.db.execute(
        f"SELECT sum({column} * (t - since)) / nullif(sum(t - since) FILTER ({column} IS NOT NULL), 0) FROM activity"
        " WHERE t > $1 AND t <= $2",
        [seen.ledger.window.start, seen.ledger.window.end],
    ).fetchall()[0][0]
    return {(): Figure(value, 1.0, ["device exporter"])}


def _joules_per_token(scope: Scope, by: tuple[str, ...]) -> str:
    watts = total(Read(device.energy_joules_total, "rate", combine="max"), scope, by)
    return f"{watts} / ({total(Read(serving.generation_tokens_total, 'rate'), scope, by)} > 0)"


figures = (
    Kpi(
        "busy_ratio",
        "Busy",
        KpiUnit.RATIO,
        "Share of time in which any kernel ran, mean over all devices. Not efficiency: a card that polls is busy.",
        "High beside a high effective ratio; high alone means waiting kernels.",
        (device.busy_ratio,),
        (),
        lambda scope, by: ratio("busy", scope, by),
        lambda seen: _mean(seen, "busy"),
    ),
    Kpi(
        "effective_ratio",
        "Effective",
        KpiUnit.RATIO,
        "The larger of compute and memory activity, mean over all devices: how much of the roofline is used.",
        "0.4 to 0.6 for decode-heavy serving; the ledger's target is 0.6.",
        (device.compute_active_ratio, device.memory_active_ratio),
        (),
        lambda scope, by: ratio("effective", scope, by),
        lambda seen: _mean(seen, "effective"),
    ),
    Kpi(
        "joules_per_token",
        "Joules per token",
        KpiUnit.JOULES_PER_TOKEN,
        "Energy of all devices, idle ones included, per generated token.",
        "Falls as batches fill.",
        (device.energy_joules_total, serving.generation_tokens_total),
        (),
        _joules_per_token,
        lambda seen: {(): seen.report.kpis.joules_per_token},
    ),
)
