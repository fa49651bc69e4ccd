"""The report's closer looks at parts of the bill: starts, failed nodes, unused hosts, jobs without an engine."""

from __future__ import annotations

from analyzer.accounts.cold_starts import Starts, Step, node_starts, pod_starts
from analyzer.accounts.failed_nodes import failed_nodes
from analyzer.accounts.jobs import jobs
from analyzer.accounts.unused_hosts import METHOD, unused_hosts
from analyzer.ledger.ledger import Ledger
from analyzer.report.account_parts import FailedNodePart, JobPart, StartsPart, StartStep, UnusedHostPart
from analyzer.report.bill import price_names
from analyzer.report.figure import Figure

_NO_PRICE = "a price is unknown"


def starts(ledger: Ledger) -> list[StartsPart]:
    """Pods, then nodes; a kind that never started is left out."""
    return [_starts(ledger, one) for one in (pod_starts(ledger), node_starts(ledger)) if one.starts]


def failed(ledger: Ledger) -> list[FailedNodePart]:
    return [
        FailedNodePart(
            one.node,
            one.instance_type,
            one.devices,
            one.accelerator_seconds,
            _dollars(ledger, one.dollars),
            list(one.holders),
        )
        for one in failed_nodes(ledger)
    ]


def hosts(ledger: Ledger) -> list[UnusedHostPart]:
    return [
        UnusedHostPart(one.instance_type, one.nodes, one.cpu, one.memory, _dollars(ledger, one.dollars), METHOD)
        for one in unused_hosts(ledger)
    ]


def worked_jobs(ledger: Ledger) -> list[JobPart]:
    return [
        JobPart(
            one.namespace,
            one.workload,
            one.ranks,
            one.accelerator_seconds,
            one.worked_seconds,
            _dollars(ledger, one.dollars),
            _ratio(one.effective, "no device signal while it worked"),
            _ratio(one.spread, "fewer than two ranks worked side by side with a device signal"),
            one.lowest_rank,
        )
        for one in jobs(ledger)
    ]


def _starts(ledger: Ledger, one: Starts) -> StartsPart:
    each = None if one.dollars is None else one.dollars / one.starts
    return StartsPart(
        one.kind,
        one.starts,
        Figure(one.seconds / one.starts, 1.0, ["kubernetes"]),
        _dollars(ledger, one.dollars),
        _dollars(ledger, each),
        [_step(ledger, step) for step in one.steps],
    )


def _step(ledger: Ledger, step: Step) -> StartStep:
    each = None if step.dollars is None else step.dollars / step.starts
    return StartStep(step.name, step.starts, step.seconds / step.starts, _dollars(ledger, each))


def _dollars(ledger: Ledger, value: float | None) -> Figure:
    if value is None:
        return Figure(None, 0.0, [], reason=_NO_PRICE)
    return Figure(value, 1.0, price_names(ledger))


def _ratio(value: float | None, reason: str) -> Figure:
    return Figure(None, 0.0, [], reason=reason) if value is None else Figure(value, 1.0, ["device exporter"])
