"""The dated table of EC2 accelerator instances that ships with the package, and the peaks of their accelerators.

Sources: instance data and us-east-1 on-demand prices from aws/karpenter-provider-aws v1.14 (prices stamped
2026-07-20); peaks from the vendors' data sheets, dense figures only. Each row of the CSV files names its own.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from analyzer.pricing.path import PricePath, Resource, constant
from analyzer.pricing.price import LIST, Price

TABLE_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One EC2 instance type. `accelerator_count` is below 1 where a fraction of a device is sold (g6f, gr6f)."""

    name: str
    vendor: str
    accelerator_model: str
    accelerator_count: float
    accelerator_memory_gib: float | None
    neuron_cores: int | None
    on_demand_dollars_per_hour: float | None
    source_date: date

    @property
    def devices(self) -> int:
        """Physical devices as the ledger counts them; a sold fraction is the whole of what was bought."""
        return max(1, round(self.accelerator_count)) if self.accelerator_count > 0 else 0


@dataclass(frozen=True, slots=True)
class Peak:
    """What one whole accelerator can do at best, dense; nothing where no clear figure is public."""

    model: str
    memory_bytes_per_second: float | None
    flops: float | None  # dense 16-bit
    mig_compute_slices: int | None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("analyzer.pricing") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def instance_types() -> dict[str, InstanceType]:
    """All instance types of the table, by name."""
    return {
        row["instance_type"]: InstanceType(
            name=row["instance_type"],
            vendor=row["accelerator_vendor"],
            accelerator_model=row["accelerator_model"],
            accelerator_count=_number(row["accelerator_count"]) or 0.0,
            accelerator_memory_gib=_number(row["accelerator_memory_gib_each"]),
            neuron_cores=int(row["neuron_cores"]) if row["neuron_cores"] else None,
            on_demand_dollars_per_hour=_number(row["on_demand_usd_per_hour_us_east_1"]),
            source_date=date.fromisoformat(row["source_date"]) if row["source_date"] else date.min,
        )
        for row in _rows("accelerator_instances.csv")
    }


@cache
def peaks() -> dict[str, Peak]:
    """Peaks by the table's model name."""
    found = {}
    for row in _rows("accelerator_peaks.csv"):
        bandwidth = _number(row["memory_bandwidth_gb_s"])
        tflops = _number(row["dense_bf16_tflops"]) or _number(row["dense_fp16_tflops"])
        found[row["accelerator_model"]] = Peak(
            model=row["accelerator_model"],
            memory_bytes_per_second=bandwidth * 1e9 if bandwidth else None,
            flops=tflops * 1e12 if tflops else None,
            mig_compute_slices=int(row["mig_compute_slices"]) if row["mig_compute_slices"] else None,
        )
    return found


# What drivers, labels and Karpenter call a device -> the table's name; the first that fits wins.
_MODEL_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"rtx pro 6000|rtx pro server 6000", "RTX PRO 6000 Blackwell"),
    (r"rtx pro 4500", "RTX PRO 4500 Blackwell"),
    (r"a100.*80", "A100-80GB"),
    (r"a100", "A100-40GB"),
    (r"v100.*32", "V100-32GB"),
    (r"v100", "V100-16GB"),
    (r"\b(h100|h200|b200|b300|l40s|a10g|t4g|t4|l4)\b", ""),
)


@cache
def peak_of(device_model: str) -> Peak | None:
    """The peak of a device by the name that a driver or label gives it, e.g. `NVIDIA H100 80GB HBM3`."""
    text = re.sub(r"[-_]+", " ", device_model.lower())
    for pattern, name in _MODEL_PATTERNS:
        match = re.search(pattern, text)
        if match:
            return peaks().get(name or match.group(1).upper())
    return next((peak for model, peak in peaks().items() if model.lower() == device_model.lower()), None)


class DatedTable:
    """Prices from the packaged table: list basis, whatever the capacity type. The last resort, so it shows its date."""

    def price(self, instance_type: str, capacity_type: str, region: str) -> Price | None:
        entry = instance_types().get(instance_type)
        if entry is None or not entry.on_demand_dollars_per_hour:
            return None
        return Price(
            dollars_per_hour=entry.on_demand_dollars_per_hour,
            basis=LIST,
            source="packaged table of on-demand prices",
            as_of=entry.source_date,
            resource=instance_type,
            region=TABLE_REGION,
        )

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        """The same price for all time."""
        return constant(self.price(resource.instance_type, resource.capacity_type, resource.region))
