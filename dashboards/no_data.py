"""What an empty panel says: which program tells of the missing metric, and how to get it."""

from __future__ import annotations

from types import ModuleType

from dashboards.panel import Panel
from exporters.canonical import device, efa, ledger, neuron, nodes, pods, serving, telemetry
from exporters.metric import Metric

_INSTALL: tuple[tuple[ModuleType, str], ...] = (
    (ledger, "run gpuyield publish and let Prometheus scrape it"),
    (serving, "let Prometheus scrape the model servers' /metrics"),
    (neuron, "run gpuyield export node on the Neuron nodes"),
    (device, "run dcgm-exporter or gpuyield export node on the accelerator nodes"),
    (efa, "run gpuyield export node on nodes with EFA"),
    (telemetry, "run gpuyield export node or publish"),
)
_KARPENTER = (
    nodes.nodepool_usage,
    nodes.nodepool_limit,
    nodes.nodepool_dollars_per_hour,
    nodes.claims_created_total,
    nodes.claims_terminated_total,
    nodes.claims_disrupted_total,
    nodes.interruptions_total,
    nodes.offering_available,
)
_COLLECTED = (nodes.start_seconds, nodes.phase, pods.start_seconds, pods.image_pull_seconds, pods.image_bytes)


def no_data(panel: Panel) -> str:
    """Empty when nothing is needed."""
    found = "; ".join(dict.fromkeys(_advice(metric) for metric in panel.needs))
    if panel.may_be_empty:
        return f"None, as it should be. If that is a surprise: {found}."
    return f"No data: {found}. gpuyield doctor says what is missing." if found else ""


def _advice(metric: Metric) -> str:
    if metric in _KARPENTER:
        return "let Prometheus scrape Karpenter"
    if metric in _COLLECTED:
        return "run gpuyield export cluster"
    for module, text in _INSTALL:
        if metric in vars(module).values():
            return text
    return "run kube-state-metrics or gpuyield export cluster"
