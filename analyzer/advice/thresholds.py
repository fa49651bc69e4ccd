"""Every number that a rule or an alert compares with: its default, its unit, and who uses it in public.

`Thresholds()` has the defaults. Alerts read the same fields, so a board, an alarm and a finding agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

OURS = "gpuyield's default"


@dataclass(frozen=True, slots=True)
class Said:
    """What stands beside a threshold: its unit, what it means, and where the number comes from."""

    unit: str
    meaning: str
    source: str


def _at(default: float, unit: str, meaning: str, source: str = OURS) -> Any:
    return field(default=default, metadata={"said": Said(unit, meaning, source)})


_KIT = "aws-samples GenAI-on-EKS starter kit"
_PRUNER = "gpu-pruner"
_LLMD = "llm-d workload-variant-autoscaler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Ratios are 0 to 1."""

    # what may be judged at all
    least_coverage_ratio: float = _at(0.9, "ratio", "share of the expected samples that must be there")
    least_window_hours: float = _at(3.0, "hours", "history below which nothing is judged", "krr warns below 3 h")
    least_samples: float = _at(100, "samples", "samples of the deciding signal", "krr: points_required")
    seasonal_window_hours: float = _at(168.0, "hours", "a window that has seen a whole week")
    price_age_days: float = _at(45.0, "days", "a price that is older gives no saving")
    near_threshold_ratio: float = _at(0.1, "ratio", "a finding that flips within this of its threshold is in doubt")

    # A: billed, nothing runs
    empty_node_hours: float = _at(1.0, "hours", "an elastic node without a holder", "Karpenter consolidates at once")
    empty_static_node_hours: float = _at(24.0, "hours", "a node of a fixed group without a holder", "gpuaudit")
    removable_node_hours: float = _at(1.0, "hours", "a node whose holders fit elsewhere and that stays")
    disruption_budget_ratio: float = _at(0.1, "ratio", "share of a pool that may be disrupted at once", "Karpenter")
    worth_disrupting_ratio: float = _at(0.5, "ratio", "share saved over share disrupted", "Karpenter Balanced, k = 2")
    unhealthy_minutes: float = _at(10.0, "minutes", "hardware bad for so long is repaired", "EKS auto repair")
    not_ready_minutes: float = _at(30.0, "minutes", "Ready=False for so long is repaired", "Karpenter NodeRepair")
    repair_brake_ratio: float = _at(0.2, "ratio", "share of a pool beyond which repair stops", "EKS, Karpenter")
    cold_start_seconds: float = _at(420.0, "seconds", "a start that takes longer is long", "public traces: 7-10 min")
    cold_start_spend_ratio: float = _at(0.01, "ratio", "starts' share of the bill that is worth a look")
    reservation_used_ratio: float = _at(0.2, "ratio", "use of a reservation that AWS warns below", "AWS Health notice")
    reservation_idle_hours: float = _at(24.0, "hours", "how long a reservation is little used", "AWS Health notice")

    # B: held, but idle
    idle_activity_ratio: float = _at(0.01, "ratio", "largest activity of an idle device", _PRUNER)
    idle_device_hours: float = _at(1.0, "hours", "a held device without work (gpu-pruner: 30 min)", _PRUNER)
    idle_power_watts_a10g: float = _at(100.0, "watts", "an A10G that draws more is not idle", _PRUNER)
    idle_power_watts: float = _at(150.0, "watts", "an A100 or H100 that draws more is not idle", _PRUNER)
    idle_grace_seconds: float = _at(300.0, "seconds", "a pod younger than this is left alone", _PRUNER)
    no_traffic_hours: float = _at(6.0, "hours", "a loaded model without a request (endpoints: 14 d)", "cleancloud")
    unused_part_hours: float = _at(24.0, "hours", "a device of a multi-GPU pod without work", "Kubecost Optimize")
    scale_to_zero_starts: float = _at(3.0, "cold starts", "an idle gap worth scaling to zero")
    forgotten_days: float = _at(14.0, "days", "a workload that nobody touched (gpuaudit: 90 d)", "gpuaudit, piqc")
    neuron_idle_ratio: float = _at(0.05, "ratio", "NeuronCore utilisation of an idle core", f"{_KIT}, PR 189")

    # C: wrong shape
    effective_ratio: float = _at(0.5, "ratio", "an effective workload's activity", "Datadog: SM active > 50 %")
    share_activity_ratio: float = _at(0.3, "ratio", "p95 activity below which a device can be shared")
    share_window_hours: float = _at(168.0, "hours", "history that sharing a device needs", "gpuaudit: 7 d")
    memory_headroom_ratio: float = _at(1.3, "ratio", "device memory over memory used", "gpuaudit")
    memory_act_below_ratio: float = _at(0.3, "ratio", "memory use below which a smaller device is tried", "gpuaudit")
    stranded_cpu_ratio: float = _at(0.5, "ratio", "host CPU left over where all devices are taken")

    # D: serving
    kv_high_ratio: float = _at(0.9, "ratio", "KV cache use that is pressure", _KIT)
    kv_warning_ratio: float = _at(0.7, "ratio", "KV cache use to watch", _KIT)
    kv_saturated_ratio: float = _at(0.8, "ratio", "KV cache use of a saturated replica", _LLMD)
    kv_spare_ratio: float = _at(0.1, "ratio", "spare KV below which to scale up", _LLMD)
    kv_low_ratio: float = _at(0.3, "ratio", "KV cache use of under-filled batches")
    queue_saturated: float = _at(5.0, "requests", "queue of a saturated replica", _LLMD)
    queue_spare: float = _at(3.0, "requests", "spare queue below which to scale up", _LLMD)
    least_replicas: float = _at(2.0, "replicas", "kept for availability")
    preemptions_per_minute: float = _at(0.1, "1/min", "preemptions to warn of (1: critical)", _KIT)
    busy_ratio: float = _at(0.8, "ratio", "a device that looks busy")
    batch_fill_ratio: float = _at(0.5, "ratio", "running requests over the batch limit of an under-filled engine")
    prefix_hit_poor_ratio: float = _at(0.2, "ratio", "poor prefix cache hit share", _KIT)
    prefix_hit_good_ratio: float = _at(0.5, "ratio", "good prefix cache hit share", _KIT)
    abort_ratio: float = _at(0.01, "ratio", "aborted requests to warn of", _KIT)
    abort_critical_ratio: float = _at(0.05, "ratio", "aborted requests that are critical", _KIT)
    ttft_p95_warning_seconds: float = _at(0.2, "seconds", "TTFT p95 to warn of", _KIT)
    ttft_p95_critical_seconds: float = _at(1.0, "seconds", "TTFT p95 that is critical", _KIT)
    tpot_warning_seconds: float = _at(0.05, "seconds", "time per output token to warn of", _KIT)
    tpot_critical_seconds: float = _at(0.2, "seconds", "time per output token that is critical", _KIT)
    e2e_warning_seconds: float = _at(5.0, "seconds", "request duration to warn of", _KIT)
    e2e_critical_seconds: float = _at(15.0, "seconds", "request duration that is critical", _KIT)
    queue_p95_warning_seconds: float = _at(0.5, "seconds", "wait p95 to warn of", _KIT)
    queue_p95_critical_seconds: float = _at(5.0, "seconds", "wait p95 that is critical", _KIT)
    good_share_ratio: float = _at(0.99, "ratio", "good share below which output is being lost")

    # G: price
    steady_hours: float = _at(720.0, "hours", "history that a commitment needs", "gpuaudit: 30 days")
    commitment_price_ratio: float = _at(0.63, "ratio", "committed over on-demand price", "gpuaudit: 37 % off")
    spot_least_hours: float = _at(24.0, "hours", "on-demand time of a spot candidate", "gpuaudit")
    spot_least_types: float = _at(2.0, "types", "instance types that must fit (Karpenter spot-to-spot: 15)")
    spot_price_ratio: float = _at(0.9, "ratio", "spot over on-demand price that is worth it")

    # H: measurement
    blind_spend_ratio: float = _at(0.01, "ratio", "share of the bill that may go unjudged without a finding")
    metric_silence_hours: float = _at(1.0, "hours", "a signal silent for so long, beside others of its producer")

    # what wakes somebody
    budget_dollars_per_million: float = _at(10.0, "dollars", "a million output tokens, held: set your own")
    cost_over_baseline_factor: float = _at(1.5, "times", "dollars per million tokens over those of seven days")
    silent_engine_minutes: float = _at(5.0, "minutes", "requests run and no token comes")
    queue_growing_minutes: float = _at(10.0, "minutes", "a queue that grows all the time; a new replica takes 2-7")
    kv_pressure_minutes: float = _at(10.0, "minutes", "full KV cache with a queue or preemptions")
    throttled_power_ratio: float = _at(0.1, "ratio", "time throttled by power", "OpenCost")
    throttled_thermal_ratio: float = _at(0.01, "ratio", "time throttled by heat", "OpenCost")
    source_down_minutes: float = _at(10.0, "minutes", "a source that does not answer")
    telemetry_dollars_per_month: float = _at(100.0, "dollars", "what a sink's service may charge: set your own")

    # how much is much
    medium_dollars_per_month: float = _at(500.0, "dollars", "a finding of medium severity")
    high_dollars_per_month: float = _at(5000.0, "dollars", "a finding of high severity")


def said(name: str) -> Said:
    """Unit, meaning and source of a threshold."""
    found: Said = next(one.metadata["said"] for one in fields(Thresholds) if one.name == name)
    return found


def names() -> tuple[str, ...]:
    """All thresholds."""
    return tuple(one.name for one in fields(Thresholds))
