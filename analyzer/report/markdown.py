"""The report as Markdown, for a pull request or a chat. Names come from labels and are escaped."""

from __future__ import annotations

import re

from analyzer.report.account_text import account_lines
from analyzer.report.advice_text import advice_title, amount, shown, standing
from analyzer.report.look import count, dollars, figure, percent
from analyzer.report.model import Report
from analyzer.report.tradeoff_text import tradeoff_lines
from analyzer.report.yield_text import COLUMNS, TITLE, yield_lines, yield_rows

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~-])")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def _fees(report: Report) -> list[str]:
    """What is paid beside the bill, as a paragraph."""
    told = ", ".join(f"{escaped(fee.name)} {figure(fee.dollars)}" for fee in report.bill.fees)
    return [f"Beside the bill: {told}", ""] if told else []


def _findings(report: Report) -> list[str]:
    """The largest findings, with what to do."""
    title = advice_title(report)
    told = [
        f"- **{escaped(amount(one))}**: {escaped(one.headline)}. {escaped(one.remedy)} ({escaped(standing(one))})"
        for one in shown(report.findings)
    ]
    return [f"{escaped(title)}:", "", *told, ""] if title else []


def _yields(report: Report) -> list[str]:
    """Utilization against tokens per dollar, and the closer looks at the bill."""
    rows = yield_rows(report)
    table = [
        f"{escaped(TITLE)}:",
        "",
        f"| {' | '.join(escaped(name) for name in COLUMNS)} |",
        "|---" + "|---:" * (len(COLUMNS) - 1) + "|",
        *(f"| {escaped(name)} | {' | '.join(cells)} |" for name, *cells in rows),
        "",
    ]
    lines = [*yield_lines(report), *tradeoff_lines(report.tradeoffs), *account_lines(report)]
    return [*(table if rows else []), *(f"- {escaped(line)}" for line in lines), *([""] if lines else [])]


def markdown(report: Report) -> str:
    """The whole report."""
    bill = report.bill.dollars
    total = bill.value
    lines = [
        "# Accelerator ledger",
        "",
        f"{report.window.start} to {report.window.end}, {report.bill.price_basis} prices.",
        "",
        f"Bill: {figure(bill)}" + (f" ({escaped(bill.reason)})" if bill.reason else ""),
        "",
        "| state | dollars | share | accelerator-hours |",
        "|---|---:|---:|---:|",
        *(
            f"| {line.state} | ${line.dollars:,.2f} | {percent(line.dollars / total) if total else '—'}"
            f" | {line.accelerator_seconds / 3600:,.1f} |"
            for line in report.ledger
        ),
        "",
        *_fees(report),
        *_findings(report),
        "| model | held | held /1M | loaded /1M | good /1M | tok/s | busy | effective |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {escaped(f'{one.namespace}/{one.model}')} | {figure(one.dollars.held)}"
            f" | {figure(one.dollars_per_million.output)} | {figure(one.dollars_per_million_loaded_output)}"
            f" | {figure(one.dollars_per_million.good)} | {figure(one.tokens_per_second, count)}"
            f" | {figure(one.busy_ratio, percent)} | {figure(one.effective_ratio, percent)} |"
            for one in report.models
        ),
        "",
        *_yields(report),
        *(
            f"- {dollars(one.dollars)}: {escaped(f'{one.namespace}/{one.workload}')} held"
            f" {one.accelerator_seconds / 3600:,.1f} accelerator-hours without work"
            for one in report.idle_holders
        ),
        *(
            f"- blind: {'—' if one.dollars is None else dollars(one.dollars)} at {one.subject_kind}"
            f" {escaped(one.subject)}, no {one.signal}: {one.remedy}"
            for one in report.blind_spots
        ),
        *(f"- note: {escaped(warning)}" for warning in report.warnings),
    ]
    return "\n".join(lines) + "\n"
