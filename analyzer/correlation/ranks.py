"""Ranks, and Spearman's rank correlation: plain, and at equal load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank: Floats = last - (counts - 1) / 2
    return mean_rank[which]


def at_equal(x: int, y: int, z: int, matrices: Floats) -> Floats:
    """The partial correlation of the variables x and y, at equal z, out of correlation matrices (..., m, m). NaN where
    z alone fixes one of them."""
    xy, xz, yz = matrices[..., x, y], matrices[..., x, z], matrices[..., y, z]
    left = (1 - xz**2) * (1 - yz**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(left > 1e-9, (xy - xz * yz) / np.sqrt(left), np.nan))
