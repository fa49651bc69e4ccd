"""Starts, failed nodes, unused hosts and jobs in sentences, the same for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.report.account_parts import FailedNodePart, JobPart, StartsPart, UnusedHostPart
from analyzer.report.figure import Figure
from analyzer.report.look import UNKNOWN, dollars, figure, percent, span
from analyzer.report.model import Report

_NAMED = 2
_JOBS_SHOWN = 3


def account_lines(report: Report) -> list[str]:
    """One line for each thing that there is."""
    lines = [_starts(one) for one in report.starts]
    if report.failed_nodes:
        lines.append(_failed(report.failed_nodes))
    if any(one.dollars.value for one in report.unused_hosts):
        lines.append(_hosts(report.unused_hosts))
    lines += [_job(one) for one in report.jobs[:_JOBS_SHOWN]]
    rest = report.jobs[_JOBS_SHOWN:]
    return [*lines, f"{len(rest)} more jobs: {_sum(one.dollars for one in rest)}"] if rest else lines


def _starts(one: StartsPart) -> str:
    told = f"Starts of {one.kind}s: {one.starts}, each {span(one.seconds_per_start.value or 0)}"
    told += f" and {figure(one.dollars_per_start)}"
    steps = ", ".join(
        f"{step.name} {span(step.seconds_per_start)} {figure(step.dollars_per_start)}" for step in one.steps
    )
    return f"{told} ({steps})" if steps else told


def _failed(nodes: list[FailedNodePart]) -> str:
    named = ", ".join(f"{one.node} ({one.instance_type}) {figure(one.dollars)}" for one in nodes[:_NAMED])
    more = ", …" if len(nodes) > _NAMED else ""
    return f"Failed nodes: {_sum(one.dollars for one in nodes)} while {len(nodes)} were out of order: {named}{more}"


def _hosts(hosts: list[UnusedHostPart]) -> str:
    named = ", ".join(f"{one.instance_type} {figure(one.dollars)}" for one in hosts[:_NAMED])
    more = ", …" if len(hosts) > _NAMED else ""
    return (
        f"Unused hosts: {_sum(one.dollars for one in hosts)} inside the bill for CPU and memory that no pod asked for"
        f" ({named}{more}), by {hosts[0].method}"
    )


def _job(one: JobPart) -> str:
    told = (
        f"Job {one.namespace}/{one.workload}: {one.accelerator_seconds / 3600:,.1f} accelerator-hours,"
        f" {figure(one.dollars)}, effective {figure(one.effective_ratio, percent)}"
    )
    if one.spread_ratio.value is None:
        return told
    return f"{told}, {one.ranks} ranks {percent(one.spread_ratio.value)} apart (lowest {one.lowest_rank})"


def _sum(figures: Iterable[Figure]) -> str:
    """What is known of them; an em dash where nothing is."""
    known = [one.value for one in figures if one.value is not None]
    return dollars(sum(known)) if known else UNKNOWN
