"""One dollar is saved once: ranks findings, lets the largest speak for a part of the bill, and adds up the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from analyzer.advice.case import Case, Lot
from analyzer.advice.facts import Facts
from analyzer.advice.finding import Finding
from analyzer.advice.savings import Saved

_NOTHING_NEW = 0.01  # of its own waste: a finding that adds less speaks of what a larger one speaks of


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with the case and the saving that it was made from."""

    finding: Finding
    case: Case
    saved: Saved


def ranked(judged: Sequence[Judged]) -> list[Judged]:
    """The largest saving first; then what is wasted or at stake, then the id, so that the order stays."""
    return sorted(judged, key=_rank)


def without_echoes(judged: Sequence[Judged]) -> list[Judged]:
    """Of findings about the same dollars the largest stays open; the others are kept, suppressed by it."""
    claimed: dict[Lot, tuple[float, str]] = {}
    suppressed: dict[str, str] = {}
    for one in ranked(judged):
        wasted = {lot: dollars for lot, dollars in one.case.wasted.items() if dollars}
        shared: dict[str, float] = defaultdict(float)
        for lot, dollars in wasted.items():
            largest, by = claimed.get(lot, (0.0, ""))
            shared[by] += min(largest, dollars)
            if dollars > largest:
                claimed[lot] = (dollars, one.finding.id)
        whole, told = sum(wasted.values()), sum(shared.values())
        if whole and whole - told < _NOTHING_NEW * whole:
            suppressed[one.finding.id] = max(shared, key=lambda by: shared[by])
    return [_marked(one, suppressed) for one in ranked(judged)]


def attributed_dollars(judged: Sequence[Judged], facts: Facts) -> float:
    """All waste: of each part of the bill the largest claim, and never more than the part costs."""
    return sum(_capped(_largest([one.case.wasted for one in judged]), facts).values())


def realisable_dollars(judged: Sequence[Judged], facts: Facts) -> float:
    """What one plan of all open findings saves: whole nodes by one repacking, beside it what cases save themselves."""
    open_ones = [one for one in judged if one.finding.status == "open" and one.saved.dollars]
    releases = [release for one in open_ones for release in one.case.releases]
    gained = facts.repacking.gained(releases) if releases else {}
    wasted = sum(one.case.wasted_dollars or 0.0 for one in open_ones if one.case.releases)
    by_packing = min(wasted, sum(dollars or 0.0 for pool, dollars in gained.items() if not pool.is_reserved))
    given_back = {(one.cluster, one.namespace, one.workload) for one in releases}
    direct = _capped(_largest([one.saved.saves for one in open_ones]), facts)
    kept = [dollars for lot, dollars in direct.items() if (lot.cluster, lot.namespace, lot.workload) not in given_back]
    return by_packing + sum(kept)


def _rank(one: Judged) -> tuple[float, float, str]:
    return -(one.saved.dollars or 0.0), -(one.case.wasted_dollars or one.case.stake_dollars or 0.0), one.finding.id


def _marked(one: Judged, suppressed: Mapping[str, str]) -> Judged:
    finding = one.finding
    if finding.id in suppressed:
        finding = msgspec.structs.replace(finding, status="suppressed", suppressed_by=suppressed[finding.id])
    hides = sorted(name for name, by in suppressed.items() if by == finding.id)
    if hides:
        finding = msgspec.structs.replace(finding, supersedes=hides)
    return Judged(finding, one.case, one.saved)


def _largest(several: Sequence[Mapping[Lot, float | None]]) -> dict[Lot, float]:
    found: dict[Lot, float] = {}
    for each in several:
        for lot, dollars in each.items():
            found[lot] = max(found.get(lot, 0.0), dollars or 0.0)
    return found


def _capped(claims: Mapping[Lot, float], facts: Facts) -> dict[Lot, float]:
    """By lot without its part, and at most what that lot costs."""
    summed: dict[Lot, float] = defaultdict(float)
    for lot, dollars in claims.items():
        summed[Lot(lot.cluster, lot.node, lot.namespace, lot.workload)] += dollars
    return {lot: min(dollars, facts.lot_dollars.get(lot, dollars)) for lot, dollars in summed.items()}
