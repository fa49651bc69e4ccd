"""The metrics page of a vLLM server: its counters are integrals of its traffic since the process started.

Histograms carry vLLM's own bounds for the time to the first token; the other two are trimmed with
`--custom-histogram-buckets`, as an operator with many servers does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from exporters.simulation.steps import Floats, Span
from exporters.simulation.story import Life, Model
from exporters.simulation.traffic import Traffic

_ANSWERS_BEFORE_READY = 6.0  # seconds from the first answered page until the readiness probe has passed
_HISTORY_REQUESTS = 180_000.0  # finished by servers that ran before the window opened

_TTFT_BOUNDS = "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 20.0 40.0 80.0 160.0 640.0"
_TTFT = (*(float(bound) for bound in _TTFT_BOUNDS.split()), 2560.0, math.inf)
_TPOT = (0.05, 0.1, math.inf)
_ANSWER = (1.0, 200.0, math.inf)


@dataclass(frozen=True, slots=True)
class _LogNormal:
    median: float
    sigma: float

    @property
    def mean(self) -> float:
        return self.median * math.exp(self.sigma**2 / 2)

    def below(self, bounds: Sequence[float]) -> Floats:
        spread = self.sigma * math.sqrt(2)
        return np.array([0.5 + 0.5 * math.erf(math.log(bound / self.median) / spread) for bound in bounds])


@dataclass(frozen=True, slots=True)
class _Regime:
    """How requests fare: latencies in seconds, and how they end."""

    ttft: _LogNormal
    tpot: _LogNormal
    abort_ratio: float
    length_ratio: float


_ORDINARY = _Regime(_LogNormal(0.17, 0.55), _LogNormal(0.027, 0.35), 0.025, 0.14)
_OVERLOAD = _Regime(_LogNormal(6.5, 0.8), _LogNormal(0.07, 0.4), 0.19, 0.10)


class Tokens(NamedTuple):
    """True totals inside the window."""

    prompt: int
    generation: int


@dataclass(frozen=True, slots=True, eq=False)
class ServerPage:
    """One server through all its lives."""

    model: Model
    traffic: Traffic
    lives: tuple[Life, ...]
    window: Span

    def answers(self, times: Floats) -> npt.NDArray[np.bool_]:
        answered = np.zeros(len(times), dtype=np.bool_)
        for life in self.lives:
            answered |= (times >= life.ready - _ANSWERS_BEFORE_READY) & (times < life.end)
        return answered

    def texts(self, times: Floats) -> Iterator[bytes]:
        if not len(times):
            return
        template = _template(self.model.name)
        for row in self._values(times).T.tolist():
            yield template % tuple(row)

    def tokens(self) -> Tokens:
        """What the counters counted in the window, also after the last scrape of a life that was cut off."""
        prompt = generation = 0
        for life in self.lives:
            span = Span(life.start, life.end).within(self.window)
            if span is not None:
                edges = np.array([span.start, span.end])
                served, _, generated = self._counted(edges, np.array([life.start, life.start]))
                prompt += int(np.diff(np.floor(served * self.model.prompt_tokens))[0])
                generation += int(np.diff(np.floor(generated))[0])
        return Tokens(prompt, generation)

    def _counted(self, times: Floats, births: Floats) -> tuple[Floats, Floats, Floats]:
        """Requests finished, those among them under overload, and tokens generated, since the process was born."""
        before = np.where(births < self.window.start, _HISTORY_REQUESTS, 0.0)
        flow = self.traffic
        served = flow.served.area(times) - flow.served.area(births) + before
        strained = flow.strained.area(times) - flow.strained.area(births)
        generated = flow.generated.area(times) - flow.generated.area(births) + before * self.model.answer_tokens
        return served, strained, generated

    def _values(self, times: Floats) -> Floats:
        starts = np.array([life.start for life in self.lives])
        births = starts[np.searchsorted(starts, times, side="right") - 1]
        served, strained, generated = self._counted(times, births)
        good = served - strained
        running = self.traffic.running.at(times)
        prompt = served * self.model.prompt_tokens
        answers = np.floor(generated)
        rows = [running, self.traffic.waiting.at(times), np.minimum(0.97, running / self.model.full_requests)]
        rows += [np.floor(prompt), np.floor(prompt * self.model.cached_ratio), answers]
        endings = [np.floor(good * a + strained * b) for a, b in _ending_ratios()]
        rows += endings
        rows += _histogram(good, strained, _TTFT, _ORDINARY.ttft, _OVERLOAD.ttft)
        rows += _histogram(good, strained, _TPOT, _ORDINARY.tpot, _OVERLOAD.tpot)
        length = _LogNormal(self.model.answer_tokens / math.exp(0.5), 1.0)
        finished = endings[0] + endings[1] + endings[2]
        rows += [np.floor(finished * ratio) for ratio in length.below(_ANSWER)]
        rows += [answers, finished, births]
        return np.array(rows)


def _ending_ratios() -> Iterator[tuple[float, float]]:
    """By finished_reason (stop, length, abort): the share of ordinary and of overloaded requests."""
    a, b = _ORDINARY, _OVERLOAD
    yield 1 - a.abort_ratio - a.length_ratio, 1 - b.abort_ratio - b.length_ratio
    yield a.length_ratio, b.length_ratio
    yield a.abort_ratio, b.abort_ratio


def _histogram(
    good: Floats, strained: Floats, bounds: Sequence[float], ordinary: _LogNormal, overload: _LogNormal
) -> list[Floats]:
    pairs = zip(ordinary.below(bounds), overload.below(bounds), strict=True)
    buckets = [np.floor(good * a + strained * b) for a, b in pairs]
    return [*buckets, good * ordinary.mean + strained * overload.mean, buckets[-1]]


def _template(model: str) -> bytes:
    """The page with a place for each value, in the order of `_values`; numbers as Python's client prints them.

    Bytes, because their formatting is three times as fast as that of text with its encoding.
    """
    labels = f'engine="0",model_name="{model}"'
    lines: list[str] = []
    for name, kind, form in (
        ("num_requests_running", "gauge", "%.1f"),
        ("num_requests_waiting", "gauge", "%.1f"),
        ("kv_cache_usage_perc", "gauge", "%.6f"),
        ("prompt_tokens_total", "counter", "%.1f"),
        ("prompt_tokens_cached_total", "counter", "%.1f"),
        ("generation_tokens_total", "counter", "%.1f"),
    ):
        lines += [f"# TYPE vllm:{name} {kind}", f"vllm:{name}{{{labels}}} {form}"]
    lines.append("# TYPE vllm:request_success_total counter")
    for reason in ("stop", "length", "abort"):
        lines.append(f'vllm:request_success_total{{engine="0",finished_reason="{reason}",model_name="{model}"}} %.1f')
    for name, bounds in (
        ("time_to_first_token_seconds", _TTFT),
        ("request_time_per_output_token_seconds", _TPOT),
        ("request_generation_tokens", _ANSWER),
    ):
        lines.append(f"# TYPE vllm:{name} histogram")
        for bound in bounds:
            le = "+Inf" if bound == math.inf else repr(bound)
            lines.append(f'vllm:{name}_bucket{{engine="0",le="{le}",model_name="{model}"}} %.1f')
        lines += [f"vllm:{name}_sum{{{labels}}} %.6f", f"vllm:{name}_count{{{labels}}} %.1f"]
    lines += ["# TYPE process_start_time_seconds gauge", "process_start_time_seconds %.2f", ""]
    return "\n".join(lines).encode()
