"""What CloudWatch charges for what is sent, by a table of prices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from exporters.source import GpuyieldError

HOURS_PER_MONTH = 730
_GIGABYTE = 1e9
_PACKAGED = Path(__file__).with_name("prices.yaml")


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars. `metric_month`: (series up to here, dollars each), in order; None: without end."""

    metric_month: tuple[tuple[float | None, float], ...]
    log_gigabyte: float
    thousand_requests: float

    def of_series(self, series: float) -> float:
        """A month."""
        dollars, below = 0.0, 0.0
        for up_to, each in self.metric_month:
            upper = series if up_to is None else min(series, up_to)
            dollars += max(0.0, upper - below) * each
            below = max(below, upper)
        return dollars

    def of_log_bytes(self, bytes_per_hour: float) -> float:
        """A month."""
        return bytes_per_hour * HOURS_PER_MONTH / _GIGABYTE * self.log_gigabyte

    def of_requests(self, requests_per_hour: float) -> float:
        """A month."""
        return requests_per_hour * HOURS_PER_MONTH / 1000 * self.thousand_requests


@cache
def prices_of(path: Path | None = None) -> Prices:
    """The packaged table, or another of the same form; raises GpuyieldError, which says what is wrong in it."""
    path = path or _PACKAGED
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Prices(
            tuple((tier.get("up_to"), _price(tier["dollars"])) for tier in found["metric_month"]),
            _price(found["log_gigabyte"]),
            _price(found["put_metric_data_thousand_requests"]),
        )
    except OSError as error:
        raise GpuyieldError(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise GpuyieldError(f"{path} is no table of CloudWatch's prices: {_reason(error)}; see {_PACKAGED}") from None


def _price(value: object) -> float:
    """A price of 0 is never a price."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError(f"{value!r} is no price")


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error).partition("\n")[0]
