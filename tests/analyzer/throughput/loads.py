"""Loads of replicas whose curve is known: a day's rise and fall with noise that remembers."""

from __future__ import annotations

import numpy as np

from analyzer.throughput.load import Load
from analyzer.throughput.scalability import Law


def law(rate: float, contention: float, crosstalk: float) -> Law:
    return Law(np.array(rate), np.array(contention), np.array(crosstalk))


def day(
    seed: int,
    truth: Law,
    points: int = 96,
    least: float = 1.0,
    most: float = 40.0,
    noise: float = 0.08,
    memory: float = 0.3,
) -> Load:
    """`points` of one length, the load swinging between `least` and `most`, throughput off by `noise` (a share)."""
    random = np.random.default_rng(seed)
    swing = 0.5 - 0.5 * np.cos(4 * np.pi * np.arange(points) / points)
    running = least * (most / least) ** swing * np.exp(random.normal(0, 0.1, points) * (most > least))
    off = random.normal(0, 1, points)
    for at in range(1, points):
        off[at] = memory * off[at - 1] + np.sqrt(1 - memory**2) * off[at]
    return Load(running, truth.throughput(running) * np.exp(noise * off), 300 * np.minimum(running, 1))
