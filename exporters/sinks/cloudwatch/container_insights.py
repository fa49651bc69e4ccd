"""The names of Container Insights, so that what we send stands beside what the CloudWatch agent sends.

One row for each of AWS's metrics that we have. Where AWS's code and its documents disagree, a comment says which we
follow. Beside the agent itself both would write the same series: then one of them must be switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporters.canonical import device, efa, neuron
from exporters.metric import Metric
from exporters.sinks.cloudwatch.measure import CloudWatchUnit, Set

NAMESPACE = "ContainerInsights"


@dataclass(frozen=True, slots=True)
class Level:
    """Where a metric stands. A set with a dimension that is not known here is left out: no value is made up."""

    prefix: str
    type: str
    sets: tuple[Set, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """What shares levels. `levels` from the finest on: container, pod, node."""

    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One of AWS's metrics. `where` are labels that the reading must have; `name` follows the prefix of its level.

    `per_second`: the delta of a counter, over the seconds of its period. `adds`: several readings are one sum.
    """

    metric: Metric
    family: str
    name: str
    unit: CloudWatchUnit
    scale: float = 1.0
    where: Mapping[str, str] = field(default_factory=dict)
    per_second: bool = False
    adds: bool = False


_CLUSTER = ("ClusterName",)
_NAMESPACE = (*_CLUSTER, "Namespace")
_SERVICE = (*_NAMESPACE, "Service")
_POD = (*_NAMESPACE, "PodName")
_FULL_POD = (*_POD, "FullPodName")
_CONTAINER = (*_POD, "ContainerName")
_FULL_CONTAINER = (*_CONTAINER, "FullPodName")
_NODE = (*_CLUSTER, "NodeName", "InstanceId")
_TYPED_NODE = (*_NODE, "InstanceType")
_CORE = ("NeuronDevice", "NeuronCore")


def _pod_sets(*finest: str) -> tuple[Set, ...]:
    return (_CLUSTER, _NAMESPACE, _SERVICE, _POD, _FULL_POD, (*_FULL_POD, *finest))


def _container_sets(*finest: str) -> tuple[Set, ...]:
    return (_CLUSTER, _CONTAINER, _FULL_CONTAINER, (*_FULL_CONTAINER, *finest))


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        # The documents list container sets for two of the pod metrics; the code uses these for all seven, and so do we.
        "gpu": Family(
            (
                Level("container_", "ContainerGPU", _container_sets("GpuDevice")),
                Level("pod_", "PodGPU", _pod_sets("GpuDevice")),
                Level("node_", "NodeGPU", (_CLUSTER, _NODE, (*_TYPED_NODE, "GpuDevice"))),
            )
        ),
        "core": Family(
            (
                Level("container_", "ContainerAWSNeuronCore", _container_sets(*_CORE)),
                Level("pod_", "PodAWSNeuronCore", _pod_sets(*_CORE)),
                Level("node_", "NodeAWSNeuronCore", (_CLUSTER, _NODE, (*_TYPED_NODE, *_CORE))),
            )
        ),
        "neuron_device": Family(
            (
                Level("container_", "ContainerAWSNeuronDevice", _container_sets("NeuronDevice")),
                Level("pod_", "PodAWSNeuronDevice", _pod_sets("NeuronDevice")),
                Level("node_", "NodeAWSNeuronDevice", (_CLUSTER, _NODE, (*_NODE, "NeuronDevice"))),
            )
        ),
        "neuron": Family((Level("node_", "NodeAWSNeuron", (_CLUSTER, _NODE)),)),
        # The finest set ends in NetworkInterfaceId, which the kernel does not tell: it is left out.
        "efa": Family((Level("node_", "NodeEFA", (_CLUSTER, _NODE)),)),
        "node_count": Family((Level("node_", "Node", (_NODE, _CLUSTER)),)),
        "pod_count": Family((Level("pod_", "Pod", (_POD, _CLUSTER, _FULL_POD, _SERVICE)),)),
    }
)

_U = CloudWatchUnit
_CORE_MEMORY = ("constants", "model_code", "model_shared_scratchpad", "runtime_memory", "tensors")
_EFA_BYTES = ("rx_bytes", "tx_bytes", "rdma_read_bytes", "rdma_write_bytes", "rdma_write_recv_bytes", "retrans_bytes")
_EFA_COUNTS = {
    "rx_drops": "rx_dropped",
    "retrans_pkts": "retrans_pkts",
    "retrans_timeout_events": "retrans_timeout_events",
    "impaired_remote_conn_events": "impaired_remote_conn_events",
    "unresponsive_remote_events": "unresponsive_remote_events",
}

ROWS: tuple[Row, ...] = (
    Row(device.busy_ratio, "gpu", "gpu_utilization", _U.PERCENT, 100),
    Row(device.memory_used_bytes, "gpu", "gpu_memory_used", _U.BYTES),
    Row(device.memory_total_bytes, "gpu", "gpu_memory_total", _U.BYTES),
    Row(device.power_watts, "gpu", "gpu_power_draw", _U.NONE),
    Row(device.temperature_celsius, "gpu", "gpu_temperature", _U.NONE),
    # The documents call it a percentage; the code sends the ratio of 0 to 1, and so do we: one series, one scale.
    Row(device.compute_active_ratio, "gpu", "gpu_tensor_core_utilization", _U.NONE),
    Row(neuron.core_busy_ratio, "core", "neuroncore_utilization", _U.PERCENT, 100),
    *(
        Row(neuron.core_memory_used_bytes, "core", f"neuroncore_memory_usage_{kind}", _U.BYTES, where={"kind": kind})
        for kind in _CORE_MEMORY
    ),
    Row(neuron.core_memory_used_bytes, "core", "neuroncore_memory_usage_total", _U.BYTES, adds=True),
    Row(neuron.ecc_events_total, "neuron_device", "neurondevice_hw_ecc_events_total", _U.COUNT, adds=True),
    Row(device.memory_used_bytes, "neuron", "neurondevice_runtime_memory_used_bytes", _U.BYTES, adds=True),
    Row(neuron.execution_errors_total, "neuron", "neuron_execution_errors_total", _U.COUNT, adds=True),
    Row(
        neuron.execution_latency_seconds,
        "neuron",
        "neuron_execution_latency",
        _U.SECONDS,
        where={"percentile": "p50", "span": "total"},
    ),
    # AWS's code sends the plain delta of 20 seconds under a unit per second; we follow the unit.
    *(
        Row(efa.KNOWN[name], "efa", f"efa_{name}", _U.BYTES_PER_SECOND, per_second=True, adds=True)
        for name in _EFA_BYTES
    ),
    *(
        Row(efa.KNOWN[name], "efa", f"efa_{told}", _U.COUNT_PER_SECOND, per_second=True, adds=True)
        for name, told in _EFA_COUNTS.items()
    ),
)
# Made of several readings, in counts.py and in placing.py.
GPU_MEMORY_UTILIZATION = Row(device.memory_used_bytes, "gpu", "gpu_memory_utilization", _U.PERCENT, 100)
COUNTS: Mapping[str, CloudWatchUnit] = MappingProxyType(
    {
        "gpu_limit": _U.COUNT,
        "gpu_usage_total": _U.COUNT,
        "gpu_reserved_capacity": _U.PERCENT,
        "gpu_request": _U.COUNT,
    }
)
