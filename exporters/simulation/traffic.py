"""When a model server works: bursts of requests with idle gaps, by day and by night, in segments of a minute or two.

A segment has a constant number of running requests, never 0; between the segments nothing runs. Everything the page
counts is an integral over segments, so tokens rise exactly while something runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from exporters.simulation.steps import Floats, Span, Steps
from exporters.simulation.story import Demand, Life, Model, Pod

_DAY = 86400.0
_MONDAY_SHIFT = 3  # 1 January 1970 was a Thursday
_PEAK_HOUR = 15.0  # UTC


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """What one server did, in order of time."""

    active: tuple[Span, ...]  # running > 0
    running: Steps
    waiting: Steps
    served: Steps  # requests finished per second
    strained: Steps  # of these, finished under overload
    generated: Steps  # tokens per second


def intensity(at: float, demand: Demand) -> float:
    """0 to 1: how much of the peak traffic there is at this hour."""
    day = (int(at // _DAY) + _MONDAY_SHIFT) % 7
    wave = 0.5 + 0.5 * math.cos((at % _DAY / 3600 - _PEAK_HOUR) * math.pi / 12)
    shape = demand.nights + (1 - demand.nights) * min(1.0, 1.35 * wave)
    return shape * (demand.weekends if day >= 5 else 1.0)


def traffic(pod: Pod, model: Model, seed: int, window: Span) -> Traffic:
    """The whole history of a server inside `window`."""
    rng = np.random.default_rng((seed, crc32(pod.key.encode())))
    active = tuple(_merged([burst for life in pod.lives for burst in _life(life, pod.demand, rng, window)]))
    starts, ends = _segments(active, rng)
    middle = (starts + ends) / 2
    overload = np.array([any(span.holds(at) for span in pod.demand.overload) for at in middle])
    level = np.array([intensity(at, pod.demand) for at in middle])
    ordinary = 1 + rng.poisson(np.maximum(level, 0.1) * model.peak_requests)
    running = np.where(overload, model.full_requests, np.minimum(ordinary, model.full_requests)).astype(float)
    waiting = np.where(overload, rng.integers(8, 60, len(starts)), 0).astype(float)
    # a fuller batch slows each request down; together they still make more tokens
    speed = model.tokens_per_second * rng.uniform(0.85, 1.1, len(starts)) / (1 + 0.6 * running / model.full_requests)
    generated = running * speed
    served = generated / model.answer_tokens
    return Traffic(
        active,
        _steps(starts, ends, running),
        _steps(starts, ends, waiting),
        _steps(starts, ends, served),
        _steps(starts, ends, served * overload),
        _steps(starts, ends, generated),
    )


def _life(life: Life, demand: Demand, rng: np.random.Generator, window: Span) -> Iterator[Span]:
    serving = life.serving.within(window) if life.serving else None
    if serving is None:
        return
    bursts = [part for burst in _bursts(serving, demand, rng) if (part := burst.within(serving))]
    forced = [part for span in (*demand.busy, *demand.overload) if (part := span.within(serving))]
    yield from _without(_merged([*bursts, *forced]), demand.quiet)


def _bursts(serving: Span, demand: Demand, rng: np.random.Generator) -> Iterator[Span]:
    """By day hours of work with gaps of a few minutes; at night minutes of work with gaps of an hour."""
    at = serving.start + rng.uniform(5, 90)
    while at < serving.end:
        level = intensity(at, demand)
        length = rng.lognormal(math.log(300 + 10800 * level**2), 0.6)
        yield Span(at, at + length)
        short = rng.random() < 0.12
        gap = rng.uniform(8, 50) if short else rng.lognormal(math.log(150 + 4200 * (1 - min(1.0, level)) ** 2), 0.5)
        at += length + gap


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _without(spans: list[Span], holes: tuple[Span, ...]) -> list[Span]:
    for hole in holes:
        left = [part for span in spans if (part := span.within(Span(0.0, hole.start)))]
        right = [part for span in spans if (part := span.within(Span(hole.end, math.inf)))]
        spans = left + right
    return spans


def _segments(active: tuple[Span, ...], rng: np.random.Generator) -> tuple[Floats, Floats]:
    edges = [_edges(span, rng) for span in active]
    if not edges:
        return np.array([]), np.array([])
    return np.concatenate([edge[:-1] for edge in edges]), np.concatenate([edge[1:] for edge in edges])


def _edges(span: Span, rng: np.random.Generator) -> Floats:
    count = max(1, int((span.end - span.start) // 100))
    inner = (np.arange(1, count) + rng.uniform(-0.35, 0.35, count - 1)) / count
    return np.concatenate(([span.start], span.start + inner * (span.end - span.start), [span.end]))


def _steps(starts: Floats, ends: Floats, levels: Floats) -> Steps:
    return Steps.spans(zip(starts.tolist(), ends.tolist(), levels.tolist(), strict=True))
