"""NVIDIA's dcgm-exporter: the 1.x names, the 2.x-4.5 names, and the names of DCGM 4.6."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.canonical import device, targets
from exporters.metric import Metric
from exporters.upstream.declaration import Family, Upstream

# Old exporters printed DCGM's markers for "no value": integers from 9223372036854775792, floats from 2**47.
INT_BLANK = 9223372036854775792.0
FLOAT_BLANK = 140737488355328.0

_MIB = 1024.0 * 1024.0

_LABELS: Mapping[str, tuple[str, ...]] = {
    "uuid": ("UUID", "uuid"),
    "mig": ("GPU_I_ID",),
    "mig_profile": ("GPU_I_PROFILE",),
    "index": ("gpu",),
    "model": ("modelName",),
    # Hostname became hostname in May 2026; with neither, the node is found through the target or the exporter's pod.
    "node": ("Hostname", "hostname"),
    "target_node": ("node", "kubernetes_node"),
    "instance": ("instance",),
    "namespace": ("namespace", "pod_namespace"),
    "pod": ("pod", "pod_name"),
    "container": ("container", "container_name"),
    "exporter_namespace": ("=namespace",),
    "exporter_pod": ("=pod",),
}

# Printed on every series while the counters file has the driver's version as a label field.
_DRIVER: Mapping[str, tuple[str, ...]] = {"version": ("DCGM_FI_DRIVER_VERSION", "DCGM_FI_SYSTEM_DRIVER_VERSION")}

# canonical metric, scale, first value that is a marker, then the names: current, renamed in 4.6, 1.x
_ROWS: tuple[tuple[Metric, float, float, tuple[str, ...]], ...] = (
    (
        device.busy_ratio,
        0.01,
        INT_BLANK,
        ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_UTIL_RATIO", "dcgm_gpu_utilization"),
    ),
    (
        device.busy_ratio,
        1.0,
        FLOAT_BLANK,
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO", "dcgm_fi_prof_gr_engine_active"),
    ),
    (
        device.compute_active_ratio,
        1.0,
        FLOAT_BLANK,
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "DCGM_FI_PROF_TENSOR_UTIL_RATIO", "dcgm_fi_prof_pipe_tensor_active"),
    ),
    (
        device.memory_active_ratio,
        1.0,
        FLOAT_BLANK,
        ("DCGM_FI_PROF_DRAM_ACTIVE", "DCGM_FI_PROF_DRAM_UTIL_RATIO", "dcgm_fi_prof_dram_active"),
    ),
    (device.memory_used_bytes, _MIB, INT_BLANK, ("DCGM_FI_DEV_FB_USED", "dcgm_fb_used")),
    (
        device.power_watts,
        1.0,
        FLOAT_BLANK,
        ("DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_BOARD_POWER_WATTS", "dcgm_power_usage"),
    ),
    (
        device.energy_joules_total,
        0.001,
        INT_BLANK,
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "dcgm_total_energy_consumption"),
    ),
    (
        device.temperature_celsius,
        1.0,
        INT_BLANK,
        ("DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_GPU_TEMP_CELSIUS", "dcgm_gpu_temp"),
    ),
    (
        device.last_fault_code,
        1.0,
        INT_BLANK,
        ("DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_XID_ERROR", "dcgm_xid_errors"),
    ),
)

# Names that came with DCGM 4.6; what they replace stayed as an alias.
_RENAMED = frozenset(names[1] for *_, names in _ROWS if len(names) == 3)

# Any of these tells that a device is there and which pod has it; memory comes first because MIG rows have it too.
_PRESENCE: tuple[Metric, ...] = (
    device.memory_used_bytes,
    device.power_watts,
    device.busy_ratio,
    device.temperature_celsius,
    device.last_fault_code,
)


def _versions(name: str) -> str:
    """The 1.x names are lower case; a 4.6 name and the one it replaces are both still printed."""
    if name.islower():
        return "..1.x"
    return "4.6+" if name in _RENAMED else "2.0+"


def _upstreams() -> list[Upstream]:
    rows: list[Upstream] = []
    rank: dict[Metric, int] = {}
    for metric, scale, below, names in _ROWS:
        for name in names:
            rank[metric] = rank.get(metric, -1) + 1
            told = _versions(name)
            rows.append(Upstream(name, metric, scale, _LABELS, rank=rank[metric], below=below, versions=told))
    presence = [
        name for metric in _PRESENCE for row_metric, _, _, names in _ROWS if row_metric is metric for name in names
    ]
    for position, name in enumerate(presence):
        for fact, labels in (
            (device.accelerator_info, _LABELS),
            (device.allocation, _LABELS),
            (targets.driver_info, _DRIVER),
        ):
            told = _versions(name)
            rows.append(Upstream(name, fact, labels=labels, rank=position, as_one=True, versions=told))
    return rows


family = Family("dcgm", "NVIDIA dcgm-exporter", tuple(_upstreams()))
