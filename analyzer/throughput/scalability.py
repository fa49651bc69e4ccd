"""The Universal Scalability Law of one replica: tokens per second over requests running.

X(N) = rate N / (1 + contention (N - 1) + crosstalk N (N - 1)): N. J. Gunther, "Guerrilla Capacity Planning" (2007),
chapters 4 to 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """One curve or many at once: `rate` is tokens per second of one request alone, `contention` the share of work that
    requests do one after another, `crosstalk` what each pair of them costs. Results have the shape of both together."""

    rate: Floats
    contention: Floats
    crosstalk: Floats

    def throughput(self, running: npt.ArrayLike) -> Floats:
        """Tokens per second. Below one request running on average, requests do not meet."""
        n = np.asarray(running, dtype=np.float64)
        others = np.maximum(n - 1, 0)
        return np.asarray(self.rate * n / (1 + self.contention * others + self.crosstalk * n * others))

    def request_seconds(self, running: npt.ArrayLike, tokens_per_request: float) -> Floats:
        """How long a request runs: R = N / (requests per second), J. D. C. Little, Operations Research 9 (1961)."""
        return np.asarray(np.asarray(running) * tokens_per_request / self.throughput(running))

    @property
    def knee(self) -> Floats:
        """Requests running where throughput over latency, Kleinrock's power (ICC 1979), is largest: one per cent more
        load then buys half a per cent more throughput. Infinite where nothing slows the replica.

        With R ~ N / X the power is X^2 / N; its derivative is 0 where N X'(N) = X(N) / 2, a quadratic in N.
        """
        alone, apart = 1 - self.contention, self.contention - self.crosstalk
        with np.errstate(divide="ignore", invalid="ignore"):
            knee = 2 * alone / (apart + np.sqrt(apart**2 + 12 * self.crosstalk * alone))
        slowed = (self.contention > 0) | (self.crosstalk > 0)
        return np.asarray(np.where(slowed, np.maximum(knee, 1), np.inf))

    @property
    def peak(self) -> Floats:
        """Requests running where throughput is largest, sqrt((1 - contention) / crosstalk) (Gunther, ch. 4); beyond it
        more load yields fewer tokens. Infinite without crosstalk."""
        with np.errstate(divide="ignore"):
            peak = np.sqrt((1 - self.contention) / self.crosstalk)
        return np.asarray(np.where(self.crosstalk > 0, np.maximum(peak, 1), np.inf))
