"""Puts readings where Container Insights has them: at each level, with the dimensions and fields of its log events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from exporters.canonical import device
from exporters.metric import Metric
from exporters.sinks.cloudwatch.container_insights import FAMILIES, GPU_MEMORY_UTILIZATION, NAMESPACE, ROWS, Level, Row
from exporters.sinks.cloudwatch.counts import counts
from exporters.sinks.cloudwatch.facts import Facts
from exporters.sinks.cloudwatch.measure import Holder, Placed, Reading, scaled

_BY_METRIC: dict[Metric, list[Row]] = defaultdict(list)
for _row in ROWS:
    _BY_METRIC[_row.metric].append(_row)
_NEURON = "/neuron"  # stands in the names of Neuron devices
_GPU = "gpu"


def place(readings: list[Reading], facts: Facts, cluster: str, period_seconds: int) -> Iterator[Placed]:
    """In every place that a reading has; its samples are counted in the last, the node's: no budget leaves that out
    before the others. Readings without any are left out."""
    for reading in readings:
        places = [
            one for row in _rows_of(reading, facts) for one in _at_levels(row, reading, facts, cluster, period_seconds)
        ]
        yield from places[:-1]
        yield from (replace(one, samples=reading.samples) for one in places[-1:])
    yield from counts(readings, facts, cluster)


def _rows_of(reading: Reading, facts: Facts) -> Iterator[Row]:
    label = reading.label
    for row in _BY_METRIC.get(reading.metric, ()):
        is_other_maker = "uuid" in label and (row.family == _GPU) == (_NEURON in label["uuid"])
        if not is_other_maker and all(label.get(name) == value for name, value in row.where.items()):
            yield row
    if reading.metric is device.memory_used_bytes and (total := _total_bytes(label, facts)):
        yield replace(GPU_MEMORY_UTILIZATION, scale=GPU_MEMORY_UTILIZATION.scale / total)


def _total_bytes(label: dict[str, str], facts: Facts) -> float:
    """0 where it is not known, or no GPU."""
    return 0.0 if _NEURON in label["uuid"] else facts.total_bytes.get((label["uuid"], label["mig"]), 0.0)


def _at_levels(row: Row, reading: Reading, facts: Facts, cluster: str, period_seconds: int) -> Iterator[Placed]:
    values = scaled(reading.values, row.scale / period_seconds if row.per_second else row.scale)
    for level in FAMILIES[row.family].levels:
        for holder in [None] if level.prefix == "node_" else reading.holders:
            fields = fields_of(level, reading, facts, cluster, holder)
            yield Placed(
                NAMESPACE,
                level.prefix + row.name,
                row.unit,
                reading.at,
                values,
                tuple(sorted(fields.items())),
                known_sets(level, fields),
                adds=row.adds,
            )


def fields_of(level: Level, reading: Reading, facts: Facts, cluster: str, holder: Holder | None) -> dict[str, str]:
    """What stands in the log event; names whose value is not known are left out."""
    origin, label = facts.origin, reading.label
    uuid = label.get("uuid", "")
    fields = {
        "Type": level.type,
        "ClusterName": cluster,
        "NodeName": origin.node,
        "InstanceId": origin.instance_id,
        "InstanceType": origin.instance_type,
        "UUID": uuid,
        **_device_fields(uuid, label.get("core", ""), facts.index.get(uuid, "")),
    }
    if holder:
        fields |= {"Namespace": holder.namespace, "FullPodName": holder.pod, "PodName": holder.workload}
        fields |= {"Service": holder.service}
        fields |= {"ContainerName": holder.container} if level.prefix == "container_" else {}
    return {name: value for name, value in fields.items() if value}


def known_sets(level: Level, fields: dict[str, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(one for one in level.sets if all(name in fields for name in one))


def _device_fields(uuid: str, core: str, index: str) -> dict[str, str]:
    if _NEURON in uuid:
        number = uuid.rpartition(_NEURON)[2]
        return {"NeuronDevice": f"device{number}", "NeuronCore": f"core{core}" if core else ""}
    return {"GpuDevice": f"nvidia{index}" if index else ""}
