"""Numbers as findings say them: for people, short, with their unit."""

from __future__ import annotations

from analyzer.advice.facts import Facts
from analyzer.report.look import dollars

_WEEK_HOURS = 168.0


def several(count: float, thing: str) -> str:
    """1 node, 3 nodes, 0.5 GPUs."""
    number = f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"
    return f"{number} {thing}{'' if number == '1' else 's'}"


def hours(value: float) -> str:
    """40 min, 7 h, 12 days."""
    if value < 1:
        return f"{60 * value:.0f} min"
    return f"{value:.0f} h" if value < 72 else f"{value / 24:.0f} days"


def dollars_per_week(window_dollars: float | None, facts: Facts) -> str:
    """What the window's dollars come to in a week; a sentence's end where they are not known."""
    if window_dollars is None:
        return "its price is unknown"
    return f"{dollars(window_dollars / facts.hours * _WEEK_HOURS)}/week"
