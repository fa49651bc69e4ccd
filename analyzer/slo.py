"""Service-level objectives: the limits inside which a request is good, typed on the command line or by preset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from exporters.source import GpuyieldError

QUANTITIES = ("ttft", "tpot", "itl", "e2e")

# MLPerf Inference limits at p99, seconds: (ttft, tpot) by model and scenario.
# Source: the LoadGen configuration files of mlcommons/inference, rounds 4.0 to 6.0.
MLPERF: dict[str, tuple[float, float]] = {
    "llama-2-70b/server": (2.0, 0.2),
    "llama-2-70b/interactive": (0.45, 0.04),
    "mixtral-8x7b/server": (2.0, 0.2),
    "llama-3.1-405b/server": (6.0, 0.175),
    "llama-3.1-405b/interactive": (4.5, 0.08),
    "llama-3.1-8b/server": (2.0, 0.1),
    "llama-3.1-8b/interactive": (0.5, 0.03),
    "deepseek-r1/server": (2.0, 0.08),
    "deepseek-r1/interactive": (1.5, 0.015),
    "gpt-oss-120b/server": (3.0, 0.08),
}
_MLPERF_ATTAINMENT = 0.99
_LIMIT = re.compile(r"(?P<quantity>\w+)=(?P<value>[0-9.]+)(?P<unit>ms|s)?(?:@p(?P<attainment>[0-9.]+))?")


class SloError(GpuyieldError):
    """An SLO cannot be understood."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: `quantity` (ttft, tpot, itl, e2e) within `seconds`, for `attainment` of the requests (0 to 1)."""

    quantity: str
    seconds: float
    attainment: float | None = None


@dataclass(frozen=True, slots=True)
class Slo:
    """A request is good when it is inside every limit; without limits only aborted and failed output is bad."""

    limits: tuple[Limit, ...] = ()

    @property
    def chosen(self) -> bool:
        return bool(self.limits)

    def __str__(self) -> str:
        return ", ".join(
            f"{limit.quantity} <= {limit.seconds:g} s"
            + (f" for {limit.attainment * 100:g} %" if limit.attainment is not None else "")
            for limit in self.limits
        )


def parse_slo(texts: Iterable[str]) -> Slo:
    """An SLO from texts such as `ttft=0.5`, `tpot=50ms@p95`, `mlperf:llama-3.1-8b/server`."""
    limits: list[Limit] = []
    for text in texts:
        if text.startswith("mlperf:"):
            limits.extend(_preset(text.removeprefix("mlperf:")))
            continue
        match = _LIMIT.fullmatch(text)
        if match is None or match["quantity"] not in QUANTITIES:
            raise SloError(
                f"--slo {text!r} is not understood: write one of {', '.join(QUANTITIES)} with a limit in seconds,"
                " for example ttft=0.5, tpot=50ms@p95, or a preset such as mlperf:llama-3.1-8b/server"
            )
        try:
            seconds = float(match["value"]) / (1000 if match["unit"] == "ms" else 1)
            attainment = float(match["attainment"]) / 100 if match["attainment"] else None
        except ValueError as error:
            raise SloError(f"--slo {text!r}: {error}") from error
        if seconds <= 0 or (attainment is not None and not 0 < attainment < 1):
            raise SloError(f"--slo {text!r}: the limit must be above 0, and the percentile between 0 and 100")
        limits.append(Limit(match["quantity"], seconds, attainment))
    names = [limit.quantity for limit in limits]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SloError(f"--slo names {', '.join(twice)} twice: give one limit each")
    return Slo(tuple(limits))


def _preset(name: str) -> tuple[Limit, ...]:
    if name not in MLPERF:
        raise SloError(f"--slo mlperf:{name} is not a preset; known: {', '.join(sorted(MLPERF))}")
    ttft, tpot = MLPERF[name]
    return (Limit("ttft", ttft, _MLPERF_ATTAINMENT), Limit("tpot", tpot, _MLPERF_ATTAINMENT))
