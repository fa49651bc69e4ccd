"""Utilization against tokens per dollar in words and cells, the same for a terminal and for Markdown."""

from __future__ import annotations

from collections import Counter

from analyzer.report.figure import Figure
from analyzer.report.look import UNKNOWN, count, percent
from analyzer.report.model import Report
from analyzer.report.yield_parts import CorrelationPart, YieldPart

TITLE = "Utilization against tokens per dollar (~: rank correlation with tok/$, 95 % interval)"
COLUMNS = ("model on instance type", "running", "busy", "effective", "tok/$", "busy ~", "effective ~")
_SHOWN, _NAMED = 6, 2


def yield_rows(report: Report) -> list[tuple[str, ...]]:
    """The largest, one row each, cells as COLUMNS. What has no interval has an em dash."""
    return [
        (
            name,
            _running(one.running_per_replica),
            *(_ratio(one.ratios.get(quantity)) for quantity in ("busy", "effective")),
            count(one.tokens_per.value) if one.per == "dollar" and one.tokens_per.value is not None else UNKNOWN,
            *(_interval(one, quantity) for quantity in ("busy", "effective")),
        )
        for name, one in _named(report)
    ]


def yield_lines(report: Report) -> list[str]:
    """What the rows allow to be said, or why nothing is said, once for all of which it is true."""
    said: dict[str, list[str]] = {}
    named = _named(report)
    for name, one in named:
        for text in one.verdicts or [one.running_per_replica.reason or "no interval supports a sentence"]:
            said.setdefault(text, []).append(name)
    lines = [f"{_some(names)}: {text}" for text, names in said.items()]
    rest = len(report.yields) - len(named)
    return [*lines, f"{rest} more in the JSON report"] if rest > 0 else lines


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _named(report: Report) -> list[tuple[str, YieldPart]]:
    """Settings stand in the name only where the same model on the same type has several."""
    shown = report.yields[:_SHOWN]
    names = [_name(one) for one in shown]
    twice = {name for name, times in Counter(names).items() if times > 1}
    return [
        (f"{name} ({one.settings})" if name in twice and one.settings else name, one)
        for name, one in zip(names, shown, strict=True)
    ]


def _name(one: YieldPart) -> str:
    model = f"{one.namespace}/{one.model}" if one.namespace else one.model
    return f"{model} on {one.instance_type or 'an unknown type'}"


def _running(running: Figure) -> str:
    return UNKNOWN if running.value is None else f"{running.value:.3g}"


def _ratio(ratio: Figure | None) -> str:
    """The mean alone: its interval is in the JSON report."""
    return UNKNOWN if ratio is None or ratio.value is None else percent(ratio.value)


def _interval(one: YieldPart, quantity: str) -> str:
    found: CorrelationPart | None = next((part for part in one.correlations if part.quantity == quantity), None)
    if found is None or found.spearman.low is None or found.spearman.high is None:
        return UNKNOWN
    return f"{found.spearman.low:.2f} to {found.spearman.high:.2f}"
