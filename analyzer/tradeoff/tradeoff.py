"""Throughput, latency and dollars of one subject along its curve, and the cheapest point that keeps an objective."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analyzer.slo import Slo
from analyzer.throughput.curve import Curve, Estimate, curve_of
from analyzer.throughput.identifiability import load_wanted, scatter
from analyzer.throughput.load import Load, column, load_of
from analyzer.tradeoff.demand import Hour, hours
from analyzer.tradeoff.feasible import Feasible, feasible, good_shares
from analyzer.tradeoff.levels import Levels, levels_of
from analyzer.tradeoff.now import Now, now_of
from analyzer.tradeoff.price import replica_dollars_per_hour
from analyzer.tradeoff.subject import Subject

LATENCIES = ("ttft", "tpot", "itl", "e2e")
OTHER_LIMITS = (0.9, 1.1)
_STEPS = 60  # places along the curve at which the cheapest is looked for


@dataclass(frozen=True, slots=True)
class Point:
    """One place on the curve, per replica: requests running, tokens per second, how long a request takes on average
    (nothing where no request ended), and the share of tokens inside the objective between its bounds."""

    running: float
    throughput: Estimate
    request_seconds: Estimate | None
    good: tuple[float, float]

    def dollars_per_million(self, dollars_per_hour: float) -> Estimate:
        """What a million good tokens cost; the high end is infinite where none is proven good."""

        def at(throughput: float, share: float) -> float:
            return dollars_per_hour / 3600 / (throughput * share) * 1e6 if share > 0 else float("inf")

        low, high = self.good
        throughput = self.throughput
        return Estimate(at(throughput.value, (low + high) / 2), at(throughput.high, high), at(throughput.low, low))


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """All of one subject. Without a curve `reason` says why, and what load would give one."""

    subject: Subject
    slo: Slo
    load: Load
    now: Now
    levels: dict[str, Levels | None]
    dollars_per_hour: float | None  # of one replica
    reason: str | None
    curve: Curve | None
    tokens_per_request: float | None

    def feasible(self) -> Feasible:
        """Up to which load the objective is kept."""
        return feasible(self.slo, self.levels)

    def at(self, running: float) -> Point:
        """A place on the curve."""
        if self.curve is None:
            raise ValueError("there is no curve")
        per_request = self.tokens_per_request
        seconds = None
        if per_request:
            seconds = self.curve.estimate(lambda law: law.request_seconds(running, per_request))
        low, high = good_shares(self.slo, self.levels, np.array([running]))
        throughput = self.curve.estimate(lambda law: law.throughput(running))
        return Point(running, throughput, seconds, (float(low[0]), float(high[0])))

    def cheapest(self) -> Point | None:
        """Where a replica yields most proven good tokens among the loads that were seen and surely keep the objective;
        None where none does. Price is the same anywhere on the curve, so what yields most costs least."""
        curve, kept = self.curve, self.feasible()
        if curve is None or kept.sure < curve.least_seen:
            return None
        places = np.geomspace(curve.least_seen, min(kept.sure, curve.most_seen), _STEPS)
        low, _ = good_shares(self.slo, self.levels, places)
        return self.at(float(places[np.argmax(curve.law.throughput(places) * low)]))

    def choosing(self, slo: Slo) -> Tradeoff:
        """The same with another objective."""
        return replace(self, slo=slo)

    def with_limits(self, factor: float) -> Slo:
        """The objective with every limit looser or stricter."""
        return Slo(tuple(replace(limit, seconds=limit.seconds * factor) for limit in self.slo.limits))

    def hours(self) -> list[Hour]:
        """What each hour would have needed at the cheapest point."""
        best = self.cheapest()
        return list(hours(self.subject.points, best.throughput)) if best else []

    def headroom(self) -> Estimate | None:
        """How many times the tokens of now a replica can yield: at the cheapest point that keeps the objective, or at
        the knee where none was chosen. Loads not seen promise nothing."""
        if self.curve is None or not self.now.throughput:
            return None
        best = self.cheapest() if self.slo.limits else self.at(min(float(self.curve.law.knee[0]), self.curve.most_seen))
        if best is None:
            return None
        now, found = self.now.throughput, best.throughput
        return Estimate(found.value / now, found.low / now, found.high / now)


def tradeoff_of(subject: Subject, slo: Slo, dollars_per_hour: float | None = None) -> Tradeoff:
    """Fits the subject's curve and reads its latencies; a price that is not given is what its replicas cost."""
    load = load_of(subject.points)
    reason = load_wanted(load)
    curve = curve_of(load) if reason is None else None
    if curve is not None and (reason := scatter(curve)) is not None:
        curve = None
    tokens, requests = (float(np.nansum(column(subject.points, name))) for name in ("generated_tokens", "requests"))
    return Tradeoff(
        subject,
        slo,
        load,
        now_of(subject.points),
        {name: levels_of(subject.points, name) for name in LATENCIES},
        dollars_per_hour or replica_dollars_per_hour(subject.points),
        reason,
        curve,
        tokens / requests if requests > 0 else None,
    )
