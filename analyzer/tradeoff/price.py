"""What an hour of one replica costs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.throughput.load import column


def replica_dollars_per_hour(points: pa.Table) -> float | None:
    """Held dollars over the replica-hours that they paid; None where a price or the devices are unknown."""
    dollars, hours = column(points, "dollars"), column(points, "replicas") * column(points, "seconds") / 3600
    priced = np.isfinite(dollars) & (hours > 0)
    paid = float(dollars[priced].sum())
    return paid / float(hours[priced].sum()) if paid > 0 else None
