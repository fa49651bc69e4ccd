"""How fast an error budget burns, in two windows at once.

The numbers are those of "Alerting on SLOs" in the Site Reliability Workbook (O'Reilly 2018, chapter 5): over a budget
of 30 days, a page at 14.4 times the even rate over an hour (2 % of the budget is gone) or 6 times over six hours
(5 %), a ticket at the even rate over three days (10 %). The short window, a twelfth of the long one, must burn too, so
that the alert ends soon after the trouble. A window with few observations proves nothing and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.alarm import Alarm, Stat
from alerts.asking import MODEL, counted, labels
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.definitions.serving import share_within
from analyzer.kpi.scope import Scope
from exporters.metric import Metric


@dataclass(frozen=True, slots=True)
class Window:
    long: str
    short: str
    rate: float  # times the rate that would spend the budget evenly


FAST = (Window("1h", "5m", 14.4), Window("6h", "30m", 6.0))
SLOW = (Window("3d", "6h", 1.0),)


@dataclass(frozen=True, slots=True)
class Objective:
    """`limit` names the threshold that an observation has to be within, which must be a bucket's bound; the share that
    has to be is `good_share_ratio`."""

    metric: Metric
    limit: str

    def bound(self, thresholds: Thresholds) -> float:
        value: float = getattr(thresholds, self.limit)
        return value

    def burning(self, windows: tuple[Window, ...], scope: Scope, thresholds: Thresholds) -> str:
        """The share of observations over the limit, where the budget burns too fast in both windows."""
        return " or ".join(f"({self._burning(window, scope, thresholds)})" for window in windows)

    def _burning(self, window: Window, scope: Scope, thresholds: Thresholds) -> str:
        on = labels(scope, MODEL)
        line = f"{window.rate * (1 - thresholds.good_share_ratio):.6g}"
        long, short = (self._bad(scope.over(one), thresholds) for one in (window.long, window.short))
        enough = f"{counted(self.metric, scope.over(window.long), MODEL, 'increase')} >= {thresholds.least_samples:g}"
        return f"{long} > {line} and on ({on}) {short} > {line} and on ({on}) {enough}"

    def _bad(self, scope: Scope, thresholds: Thresholds) -> str:
        return f"(1 - {share_within(self.metric, bucket(self.bound(thresholds)), scope, MODEL)})"

    def alarm(self, rate: float, period_seconds: int) -> Alarm:
        """The share in percent, of the cluster as a whole: CloudWatch's percentile rank counts values up to a limit."""
        return Alarm(
            stats={"within": Stat(self.metric, "PR(:{limit})")},
            expression="100 - within",
            above=lambda thresholds: round(100 * rate * (1 - thresholds.good_share_ratio), 6),
            limit=self.bound,
            lasts_seconds=lambda _: period_seconds,
            period_seconds=period_seconds,
            lost="which model; a period with few requests is not left out",
        )

    def unmeasured(self, scope: Scope, thresholds: Thresholds) -> str:
        """Models whose histogram has no bucket that ends at the limit."""
        within = share_within(self.metric, bucket(self.bound(thresholds)), scope, MODEL)
        return f"{counted(self.metric, scope, MODEL, 'rate')} > 0 unless on ({labels(scope, MODEL)}) {within}"


def bucket(bound: float) -> str:
    """A regular expression for the label le: older clients write a whole number without .0."""
    return "|".join(dict.fromkeys(text.replace(".", "[.]") for text in (repr(float(bound)), f"{bound:g}")))
