"""What the correlations allow to be said, in words: a sentence only where the whole interval supports it."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.correlation.estimate import Correlation, Estimate
from analyzer.correlation.yields import LOAD, Yield

# Lines of judgement, not of nature: half of a device's best is well used, under 0.4 is not (MFU of good training runs
# is 0.3 to 0.6); a rank correlation under 0.3 is of no use to steer by.
WELL_USED, LITTLE_USED = 0.5, 0.4
LOOKS_BUSY = 0.7
USEFUL, STRONG = 0.3, 0.6


def verdicts(one: Yield) -> list[str]:
    """Sentences, the most useful first; none where the points do not carry any."""
    if one.reason:
        return []
    by_name = {correlation.quantity: correlation for correlation in one.correlations}
    return [*_contrast(one, by_name.get(LOAD)), *_as_signal(one, by_name), *_load(one, by_name.get(LOAD))]


def _contrast(one: Yield, load: Correlation | None) -> Iterator[str]:
    """What the device did against how busy it looked."""
    busy, memory, compute = (_interval(one, name) for name in ("busy", "memory", "compute"))
    memory, compute = memory or _interval(one, "mbu"), compute or _interval(one, "mfu")
    seen = [
        f"{name} {_percent(part)}"
        for name, part in (("bandwidth", memory), ("tensor cores", compute))
        if part is not None
    ]
    if busy is None or not seen or not busy.above(LOOKS_BUSY):
        return
    told = f"GPU busy {_percent(busy)}, {', '.join(seen)}"
    parts = [part for part in (memory, compute) if part is not None]
    if any(part.above(WELL_USED) for part in parts):
        which = "bandwidth" if memory is not None and memory.above(WELL_USED) else "compute"
        yield f"{told}: well used, bound by {which}"
    elif all(part.below(LITTLE_USED) for part in parts):
        grows = load is not None and load.plain is not None and load.plain.above(USEFUL)
        yield f"{told}: {'batches too small' if grows and not _queues(one) else 'busy with little work at a time'}"


def _as_signal(one: Yield, by_name: dict[str, Correlation]) -> Iterator[str]:
    """Whether a ratio tells what its unit of cost buys; ratios of which the same is true share a sentence."""
    said: dict[str, list[str]] = {}
    for name in ("busy", "effective"):
        found = by_name.get(name)
        if found is not None and found.plain is not None and (text := _signal(found.plain, found.at_equal_load)):
            said.setdefault(text, []).append(name)
    for text, names in said.items():
        ratios = f"{' and '.join(names)} ratio{'s' if len(names) > 1 else ''}"
        yield f"{ratios}: {text.format(per=one.per)}"


def _signal(plain: Estimate, left: Estimate | None) -> str:
    if plain.within(USEFUL):
        return "no word on how many tokens a {per} buys"
    if plain.below(-USEFUL):
        return "the higher, the fewer tokens a {per} buys"
    if not plain.above(STRONG):
        return ""
    if left is not None and left.within(USEFUL):
        return "goes with the load; at equal load no word on how many tokens a {per} buys"
    return "the higher, the more tokens a {per} buys"


def _load(one: Yield, load: Correlation | None) -> Iterator[str]:
    """Whether more requests at once buy more."""
    if load is None or load.plain is None:
        return
    if load.plain.above(USEFUL) and not _queues(one):
        yield f"the more requests run at once, the more tokens a {one.per} buys: fewer replicas while latency allows"
    elif load.plain.below(-USEFUL):
        yield f"the more requests run at once, the fewer tokens a {one.per} buys: past the best batch"


def _queues(one: Yield) -> bool:
    """Whether requests wait, so that the load is not what keeps batches small."""
    return (one.waiting or 0.0) > 0.1 * one.replicas


def _interval(one: Yield, name: str) -> Estimate | None:
    found = one.ratios.get(name)
    return found if isinstance(found, Estimate) else None


def _percent(part: Estimate) -> str:
    return f"{100 * part.value:.0f} %"
