"""The largest findings as two lines each: what is, with its number; what to do, and whom to ask."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.advice.finding import Finding, Rate
from analyzer.report.look import dollars, plain
from analyzer.report.model import Report

SHOWN = 5
_WEEK_HOURS = 168.0


def shown(findings: Sequence[Finding]) -> list[Finding]:
    """The open findings that are told first."""
    return [one for one in findings if one.status == "open"][:SHOWN]


def advice_title(report: Report) -> str:
    """How many there are, and what all of it together saves."""
    still = [one for one in report.findings if one.status == "open"]
    if not report.rules:
        return ""
    if not still:
        return f"No findings by {len(report.rules)} rules; {len(report.declined)} times something could not be judged"
    more = f", {len(report.findings) - len(still)} more acknowledged or told by a larger one" if _hidden(report) else ""
    told = "1 finding" if len(still) == 1 else f"{len(still)} findings"
    return f"{told}{more}; all of it saves {week(report.savings.realisable)}"


def amount(one: Finding) -> str:
    """What it saves in a week; where nothing goes, what is wasted."""
    saved, wasted = one.saving_realisable.dollars_per_hour, one.saving_attributed.dollars_per_hour
    if saved:
        return f"saves {week(one.saving_realisable)}"
    if wasted:
        return f"wastes {week(one.saving_attributed)}"
    return f"in doubt {week(one.cost_now)}" if one.cost_now.dollars_per_hour else "no price"


def standing(one: Finding) -> str:
    """Whom to ask, which rule, and how far to trust it."""
    return f"{plain(one.resource.owner)} · {one.rule} · confidence {one.confidence:.2f} · risk {one.risk}"


def week(rate: Rate) -> str:
    """A rate by the week, as people speak of it."""
    if rate.dollars_per_hour is None:
        return "an unknown amount"
    return f"{dollars(rate.dollars_per_hour * _WEEK_HOURS)}/week"


def _hidden(report: Report) -> bool:
    return any(one.status != "open" for one in report.findings)
