"""Effective ratio where no device tells it: MFU and MBU, from the engine's own count of FLOPs and bytes.

An engine counts per device what its model needs (vLLM: --enable-mfu-metrics). Against the device's dense peak and
the seconds in which the unit worked this is the roofline share of DESIGN 2. Counters that stay at 0 are switched
off, not a measured 0, and say nothing.
"""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.counters import increments
from analyzer.ledger.devices import Device
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.pricing.instances import peak_of


def add_modelled_ratios(inputs: Inputs, devices: list[Device]) -> None:
    """Adds rows to effective_cell for active cells without a device signal."""
    found = [(device.number, peak) for device in devices if (peak := peak_of(device.model)) is not None]
    table_of(
        inputs.db,
        "device_peak",
        {
            "device": pa.array([number for number, _ in found], pa.int32()),
            "flops": pa.array([peak.flops for _, peak in found], pa.float64()),
            "bytes_per_second": pa.array([peak.memory_bytes_per_second for _, peak in found], pa.float64()),
        },
    )
    for table in ("flops", "bytes"):
        increments(inputs, table)
    inputs.db.execute(
        f"""
        INSERT INTO effective_cell
        WITH worked AS (
            SELECT unit, device, pod, cell, sum(microseconds) / 1e6 AS seconds FROM cell_state
            WHERE state = 'active' GROUP BY ALL
        ),
        counted AS ({_per_device("flops")}),
        moved AS ({_per_device("bytes")})
        SELECT w.unit, w.pod, w.cell,
            least(1, greatest(f.amount / p.flops, b.amount / p.bytes_per_second) / w.seconds) AS x
        FROM worked AS w JOIN device_peak AS p USING (device) JOIN pod_group AS g USING (pod)
        LEFT JOIN counted AS f ON f.serving_group = g.serving_group AND f.cell = w.cell
        LEFT JOIN moved AS b ON b.serving_group = g.serving_group AND b.cell = w.cell
        ANTI JOIN effective_cell AS e ON e.unit = w.unit AND e.pod = w.pod AND e.cell = w.cell
        WHERE f.amount / p.flops > 0 OR b.amount / p.bytes_per_second > 0
        """
    )


def _per_device(table: str) -> str:
    """Query of (serving_group, cell, amount): per device; ranks (engine) each count their own devices."""
    return f"""
        SELECT serving_group, cell, avg(amount) AS amount FROM (
            SELECT g.serving_group, x.cell, x.page, s.engine, sum(x.amount) AS amount
            FROM {table}_grown AS x JOIN {table}_series AS s USING (series) JOIN pod_group AS g ON g.pod = x.pod
            GROUP BY ALL
        ) GROUP BY ALL
    """
