"""How many devices a node has and its pods hold, as Container Insights counts them: allocation, not activity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from exporters.canonical import device, nodes
from exporters.sinks.cloudwatch.container_insights import COUNTS, FAMILIES, NAMESPACE
from exporters.sinks.cloudwatch.facts import Facts, workload_of
from exporters.sinks.cloudwatch.measure import Placed, Reading, one

_NEURON = "/neuron"


def counts(readings: list[Reading], facts: Facts, cluster: str) -> Iterator[Placed]:
    """Of nodes with GPUs. Cores and devices of Neuron are counted apart by AWS, and by the kubelet as one: left out."""
    if not facts.index or any(_NEURON in uuid for uuid in facts.index):
        return
    for at, found in _by_time(readings).items():
        has = {one_.label["state"]: one_ for one_ in found if one_.metric is nodes.accelerators}
        held = [one_ for one_ in found if one_.metric is device.allocation]
        most = has["allocatable"].total if "allocatable" in has else 0.0
        yield from _of_node(at, has, most, facts, cluster)
        yield from _of_pods(at, held, most, facts, cluster)


def _by_time(readings: list[Reading]) -> dict[int, list[Reading]]:
    found: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        if reading.metric in (nodes.accelerators, device.allocation):
            found[reading.at].append(reading)
    return found


def _of_node(at: int, has: dict[str, Reading], most: float, facts: Facts, cluster: str) -> Iterator[Placed]:
    origin = facts.origin
    fields = {"ClusterName": cluster, "NodeName": origin.node, "InstanceId": origin.instance_id}
    values = {}
    if "allocatable" in has:
        values["gpu_limit"] = most
    if "requested" in has:
        values["gpu_usage_total"] = has["requested"].total
        if most:
            values["gpu_reserved_capacity"] = 100 * has["requested"].total / most
    samples = sum(has[state].samples for state in ("allocatable", "requested") if state in has)
    yield from _placed("node_count", at, values, fields, samples)


def _of_pods(at: int, held: list[Reading], most: float, facts: Facts, cluster: str) -> Iterator[Placed]:
    by_pod: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for reading in held:
        by_pod[reading.label["namespace"], reading.label["pod"]].append(reading)
    for (namespace, pod), own in by_pod.items():
        devices = sum(reading.total for reading in own)
        values = {"gpu_request": devices, "gpu_limit": devices, "gpu_usage_total": devices}
        if most:
            values["gpu_reserved_capacity"] = 100 * devices / most
        fields = {"ClusterName": cluster, "Namespace": namespace, "PodName": workload_of(pod), "FullPodName": pod}
        yield from _placed("pod_count", at, values, fields, sum(reading.samples for reading in own))


def _placed(family: str, at: int, values: dict[str, float], fields: dict[str, str], samples: int) -> Iterator[Placed]:
    (level,) = FAMILIES[family].levels
    fields = {name: value for name, value in {"Type": level.type, **fields}.items() if value}
    sets = tuple(one_ for one_ in level.sets if all(name in fields for name in one_))
    for number, (name, value) in enumerate(values.items()):
        yield Placed(
            NAMESPACE,
            level.prefix + name,
            COUNTS[name],
            at,
            one(value),
            tuple(sorted(fields.items())),
            sets,
            0 if number else samples,
            adds=True,
        )
