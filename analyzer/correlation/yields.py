"""What a dollar buys of one model on one instance type with one setting, held against how busy its devices were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from analyzer.correlation.blocks import (
    block_length,
    interval_of_correlation,
    interval_of_mean,
    redrawn_correlations,
    redrawn_means,
)
from analyzer.correlation.cells import RATIOS, Cells, Subject, cells_of
from analyzer.correlation.estimate import Correlation, Estimate
from analyzer.correlation.ranks import Floats, at_equal, ranks

MIN_POINTS = 48  # four hours of cells
MIN_STRETCHES = 8  # fewer independent stretches of load do not tell the error of their own mean
LOAD, YIELD = "running", "yield"
HELD_AGAINST = ("busy", "effective", LOAD)
DOLLAR, ACCELERATOR_SECOND = "dollar", "accelerator-second"
_SEED = 20_261_124
# What keeps within less, from its 5th to its 95th percentile, has no order to speak of.
_NARROW = {"busy": 0.02, "effective": 0.02, LOAD: 0.05}


@dataclass(frozen=True, slots=True)
class Yield:
    """`tokens_per` is what a dollar bought over all time that the devices were held, or an accelerator-second where
    no price is known, as `per` says. All else is of the points in which tokens came, so that idle hours do not make
    everything go together. `running` is per replica. Ratios that nobody told are missing; a number without an
    interval is a plain mean, and `reason` says why."""

    subject: Subject
    points: int
    point_seconds: float
    replicas: float
    accelerators: float
    waiting: float | None
    counters: str
    effective_source: str
    per: str
    tokens_per: float
    running: Estimate | float
    ratios: dict[str, Estimate | float]
    correlations: tuple[Correlation, ...] = ()
    reason: str = ""


def yields_of(points: pa.Table) -> list[Yield]:
    """One for each model, instance type and setting that held accelerators and served, the largest first."""
    found = [one for cells in cells_of(points) if (one := _yield(cells)) is not None]
    return sorted(found, key=lambda one: (-one.points * one.accelerators, one.subject))


def _yield(cells: Cells) -> Yield | None:
    spent, per = cells.columns["dollars"], DOLLAR
    if not np.isfinite(spent).any():
        spent, per = cells.columns["accelerators"] * cells.columns["seconds"], ACCELERATOR_SECOND
    paid = np.isfinite(spent) & (spent > 0)
    served = paid & (cells.columns["tokens"] > 0)
    if not served.any():
        return None
    tokens_per = float(cells.columns["tokens"][paid].sum() / spent[paid].sum())
    spent, cells = spent[served], cells.where(served)
    measured = {name: cells.columns[name] for name in (*RATIOS, LOAD)} | {YIELD: cells.columns["tokens"] / spent}
    plain = Yield(
        cells.subject,
        points=len(spent),
        point_seconds=float(np.median(cells.columns["seconds"])),
        replicas=float(cells.columns["replicas"].mean()),
        accelerators=float(cells.columns["accelerators"].mean()),
        waiting=_mean(cells.columns["waiting"]),
        counters=cells.counters,
        effective_source=cells.effective_source,
        per=per,
        tokens_per=tokens_per,
        running=float(measured[LOAD].mean()),
        ratios={name: mean for name in RATIOS if (mean := _mean(measured[name])) is not None},
    )
    return _judged(plain, measured)


def _mean(column: Floats) -> float | None:
    """The mean of what was told; nothing where nothing was."""
    told = column[np.isfinite(column)]
    return float(told.mean()) if len(told) else None


def _judged(one: Yield, measured: dict[str, Floats]) -> Yield:
    """With intervals and correlations where the points carry them, with the reason where they do not."""
    names = [*one.ratios, LOAD, YIELD]
    values = np.array([measured[name] for name in names])
    values = values[:, np.isfinite(values).all(axis=0)]
    count = values.shape[1]
    if count < MIN_POINTS:
        return replace(one, reason=f"{count} points; an interval asks for {MIN_POINTS}")
    ranked = np.array([ranks(row) for row in values])
    length = max(block_length(row) for row in ranked)
    if count / length < MIN_STRETCHES:
        seen = f"the load changed about {count / length:.0f} times"
        return replace(one, reason=f"{seen}; an interval asks for {MIN_STRETCHES}")
    means = dict(zip(names, _means(values, length), strict=True))
    return replace(
        one,
        running=means[LOAD],
        ratios={name: means[name] for name in one.ratios},
        correlations=tuple(_correlations(names, values, ranked, length)),
    )


def _means(values: Floats, length: int) -> list[Estimate]:
    drawn = redrawn_means(values, length, _SEED)
    middles = values.mean(axis=1)
    return [
        Estimate(float(middle), *interval_of_mean(float(middle), row, values.shape[1] / length))
        for middle, row in zip(middles, drawn.T, strict=True)
    ]


def _correlations(names: list[str], values: Floats, ranked: Floats, length: int) -> Iterable[Correlation]:
    """Of busy, effective and load with the yield; the ratios also at equal load."""
    with np.errstate(invalid="ignore", divide="ignore"):
        seen: Floats = np.atleast_2d(np.corrcoef(ranked))
    drawn = redrawn_correlations(ranked, length, _SEED)
    stretches = ranked.shape[1] / length
    y, load = names.index(YIELD), names.index(LOAD)
    for name in HELD_AGAINST:
        if name not in names:
            yield Correlation(name, None, None, "nobody told it")
            continue
        x = names.index(name)
        low, high = np.quantile(values[x], (0.05, 0.95))
        if high - low < _NARROW[name]:
            yield Correlation(name, None, None, "it hardly varies")
            continue
        left = None
        if name != LOAD:
            left = _estimate(float(at_equal(x, y, load, seen)), at_equal(x, y, load, drawn), stretches)
        yield Correlation(name, _estimate(float(seen[x, y]), drawn[:, x, y], stretches), left)


def _estimate(middle: float, drawn: Floats, stretches: float) -> Estimate | None:
    found = interval_of_correlation(middle, drawn, stretches)
    return Estimate(middle, *found) if found else None
