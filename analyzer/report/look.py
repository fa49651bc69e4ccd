"""How states look and how numbers are written, the same on every surface."""

from __future__ import annotations

from analyzer.ledger.states import GROUP_OF
from analyzer.report.model import Figure

# Found by search for the largest distance in normal and colour-deficient sight; never red and green for good and bad.
COLOURS: dict[str, str] = {
    "good": "#4F8C78",
    "worked, not judged": "#B0EDFF",
    "worked badly": "#FFCE29",
    "held, not working": "#EB5829",
    "free": "#8DACE8",
    "node not usable": "#6F5C8B",
    "unknown": "#B8B6B6",
}
# Colour is never alone: each group has its own filling, which also serves a pipe without colours.
FILLINGS: dict[str, str] = {
    "good": "█",
    "worked, not judged": "▓",
    "worked badly": "▒",
    "held, not working": "░",
    "free": "·",
    "node not usable": "x",
    "unknown": "?",
}
UNKNOWN = "—"


def colour_of(state: str) -> str:
    """The colour of a state is that of its group."""
    return COLOURS[GROUP_OF[state]]


def filling_of(state: str) -> str:
    """The character that fills a state's part of a bar."""
    return FILLINGS[GROUP_OF[state]]


def dollars(value: float) -> str:
    """$0.0123, $1.23, $48, $1.2k, $3.4M: at most three figures from a dollar up."""
    for limit, scale, suffix in ((1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= limit:
            return f"${value / scale:,.1f}{suffix}"
    if abs(value) >= 100:
        return f"${value:,.0f}"
    return f"${value:,.2f}" if abs(value) >= 0.1 or value == 0 else f"${value:.3g}"


def count(value: float) -> str:
    """3.4M, 12.7k, 900."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:,.1f}{suffix}"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"


def percent(ratio: float) -> str:
    """31 %, and below one percent one more figure."""
    share = 100 * ratio
    return f"{share:.0f} %" if share >= 1 or share == 0 else f"{share:.1g} %"


def figure(one: Figure, text: object = dollars) -> str:
    """A figure's value or interval; an em dash where there is none."""
    write = text if callable(text) else dollars
    if one.low is not None and one.high is not None and one.low != one.high:
        low, high = str(write(one.low)), str(write(one.high))
        return low if low == high else f"{low}-{high.removeprefix('$')}"
    if one.low is not None and one.value is None:
        return f"{write(one.low)} or more"
    return UNKNOWN if one.value is None else str(write(one.value))


def span(seconds: float) -> str:
    """7 days, 24 h, 40 min."""
    for unit, name, least in ((86_400, "days", 2), (3_600, "h", 1), (60, "min", 1)):
        if seconds >= least * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.0f} s"


def plain(name: str) -> str:
    """A name out of a label, which may hold anything, as a terminal may safely be given it."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
