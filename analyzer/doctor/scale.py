"""Finds signals whose unit was changed on the way: a percent where a ratio belongs, joules that are a thousandth."""

from __future__ import annotations

from analyzer.doctor.catalogue import SIGNALS
from analyzer.ledger.inputs import Inputs, has
from exporters.canonical import device
from exporters.metric import Metric

# What the doctor reads beyond the ledger's own questions.
POWER = "power"
ALSO: dict[str, Metric] = {POWER: device.power_watts}

# Rounding and an interval that is a little too long may lift a ratio above 1; a percent lifts it far above.
_RATIO_MAX = 1.5
# A device cannot be busy for 1 % of the time while its tensor pipes are active for much more.
_BUSY_MAX, _COMPUTE_MIN = 0.01, 0.1
# Energy and power of one device agree within a few percent; a wrong unit is 1000 off.
_FACTOR = 100.0


def wrong_scales(inputs: Inputs) -> dict[str, str]:
    """By table, what is wrong with the scale of its values; nothing of those that are right or cannot be judged."""
    found = {signal.table: _too_large(inputs, signal.table) for signal in SIGNALS if signal.is_ratio}
    found["busy"] = found["busy"] or _busy_too_small(inputs)
    found["energy"] = _energy_against_power(inputs)
    return {table: text for table, text in found.items() if text}


def _largest(inputs: Inputs, table: str) -> float | None:
    largest: float | None = inputs.db.execute(
        f"SELECT max(value) FROM {table} WHERE NOT isnan(value) AND t < {inputs.window.end}"
    ).fetchall()[0][0]
    return largest


def _too_large(inputs: Inputs, table: str) -> str:
    largest = _largest(inputs, table) or 0.0
    return f"up to {largest:.4g}, and a ratio ends at 1" if largest > _RATIO_MAX else ""


def _busy_too_small(inputs: Inputs) -> str:
    busy, compute = _largest(inputs, "busy"), _largest(inputs, "compute")
    if busy is None or compute is None or not (0 < busy <= _BUSY_MAX and _COMPUTE_MIN < compute <= _RATIO_MAX):
        return ""
    return f"at most {busy:.2g} while tensor activity reaches {compute:.2g}: a ratio where a percent is printed"


def _energy_against_power(inputs: Inputs) -> str:
    """Watts by the energy counter against watts by the power gauge, over all devices that have both."""
    if not has(inputs, POWER):
        return ""
    counted, measured = inputs.db.execute(
        f"""
        WITH steps AS (
            SELECT s.uuid, x.t, x.value - lag(x.value) OVER part AS joules, x.t - lag(x.t) OVER part AS us
            FROM energy AS x JOIN energy_series AS s USING (series)
            WHERE NOT isnan(x.value) AND x.t < {inputs.window.end}
            WINDOW part AS (PARTITION BY x.series ORDER BY x.t)
        ),
        counted AS (SELECT uuid, sum(joules) / sum(us) * 1e6 AS watts FROM steps WHERE joules >= 0 GROUP BY uuid),
        measured AS (
            SELECT s.uuid, avg(x.value) AS watts FROM {POWER} AS x JOIN {POWER}_series AS s USING (series)
            WHERE NOT isnan(x.value) AND x.t < {inputs.window.end} GROUP BY s.uuid
        )
        SELECT avg(c.watts), avg(m.watts) FROM counted AS c JOIN measured AS m USING (uuid) WHERE c.watts > 0
        """
    ).fetchall()[0]
    if not counted or not measured or 1 / _FACTOR < counted / measured < _FACTOR:
        return ""
    return f"its rate is {counted:.3g} W where the power gauge says {measured:.3g} W"
