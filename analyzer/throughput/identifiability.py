"""Whether a load tells a curve at all; if not, what load would."""

from __future__ import annotations

import numpy as np

from analyzer.throughput.curve import Curve, Estimate
from analyzer.throughput.fit import design
from analyzer.throughput.load import Load

LEAST_POINTS = 12
# Condition number of the scaled design: from 30 on, numbers cannot be told apart (D. A. Belsley, E. Kuh, R. E. Welsch,
# "Regression Diagnostics" (1980), ch. 3). 50 is what a load has that spreads over one to three.
_MOST_CONDITION = 50.0
_LEAST_SPREAD = 3.0
_WIDEST = 0.3


def load_wanted(load: Load) -> str | None:
    """Why this load identifies no curve and which would; None where it does."""
    if len(load.running) < LEAST_POINTS:
        return f"{len(load.running)} points with work were seen: a curve needs at least {LEAST_POINTS}"
    if condition(load) <= _MOST_CONDITION:
        return None
    low, high = load.seen(0.025), load.seen(0.975)
    return (
        f"seen {low:.3g} to {high:.3g} running per replica: that tells one point, no curve; it needs load from at most"
        f" {high / _LEAST_SPREAD:.3g} to {high:.3g}, or from {low:.3g} to at least {low * _LEAST_SPREAD:.3g}"
    )


def scatter(curve: Curve) -> str | None:
    """Why a curve says too little even where the load was; None where it is tight enough."""
    for running in (curve.least_seen, curve.most_seen):
        told = _throughput(curve, running)
        if told.high - told.low > 2 * _WIDEST * told.value:
            return (
                f"throughput at {running:.3g} running per replica is between {told.low:.3g} and {told.high:.3g} tokens"
                f" per second: the {curve.points} points lie on no one curve; choose a window with one kind of request"
            )
    return None


def _throughput(curve: Curve, running: float) -> Estimate:
    return curve.estimate(lambda law: law.throughput(running))


def condition(load: Load) -> float:
    """How hard the three numbers of the law are to tell apart: 1 is perfect, infinite is impossible."""
    rows = design(load.running) * (load.throughput / load.running * np.sqrt(load.weights))[:, None]
    lengths = np.linalg.norm(rows, axis=0)
    return float(np.linalg.cond(rows / lengths)) if (lengths > 0).all() else float("inf")
