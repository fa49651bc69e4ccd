"""A node with accelerators is broken and still paid.

What it means: the node was Ready once and is not any more, or its monitoring agent says that its accelerators are bad.
Alerts about its devices are silenced while this one is on.
What to do: `kubectl describe node` for the condition. Karpenter's NodeRepair and the repair of EKS managed node groups
replace it after 10 minutes (hardware) or 30 (not Ready); where they are off, cordon, drain and delete it. Open a case
with AWS for hardware that fails again.
What it is not: a node that was never Ready (it is starting), or one that is being drained.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import MINUTE, NODE, labels, largest, smallest, was, with_accelerators
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import nodes

_PHASE = 'gpuyield_node_phase{cluster="prod", node="gpu-1", phase="unhealthy"}'
_READY = 'kube_node_status_condition{cluster="prod", node="gpu-1", condition="Ready", status="true"}'
_CAPACITY = 'kube_node_status_capacity{{cluster="prod", node="gpu-1", resource="{}", unit="integer"}}'
_GPUS = _CAPACITY.format("nvidia_com_gpu")


def _expr(scope: Scope, _: Thresholds) -> str:
    on = labels(scope, NODE)
    told = f"{largest(nodes.phase, scope, NODE, phase='unhealthy')} == 1"
    not_ready = f"{smallest(nodes.ready, scope, NODE)} == 0 and on ({on}) {was(nodes.ready, scope, NODE)} == 1"
    bad = f"{smallest(nodes.hardware_ready, scope, NODE)} == 0"
    return f"{told} or on ({on}) ((({not_ready}) or on ({on}) {bad}) and on ({on}) {with_accelerators(scope)})"


alerts = (
    Alert(
        name="GpuyieldNodeUnhealthy",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.FLEET,
        says="node {{ $labels.node }} is broken and still paid",
        why="After so long EKS's own repair replaces a node: it is not a flap any more.",
        by=NODE,
        limits=("unhealthy_minutes",),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.unhealthy_minutes * MINUTE,
        needs=(nodes.phase, nodes.ready),
        costs=Costs.NODE,
        alarm=Alarm(
            stats={"broken": Stat(nodes.phase, "Sum", {"phase": "unhealthy"})},
            above=lambda _: 0.0,
            lasts_seconds=lambda thresholds: thresholds.unhealthy_minutes * MINUTE,
            period_seconds=60,
            lost="which node",
        ),
        cases=(
            Case("our own collector says so", {_PHASE: "1x40"}, "30m", 1),
            Case("kube-state-metrics says so", {_READY: "1x10 0x40", _GPUS: "8x60"}, "40m", 1),
            Case("a flap", {_READY: "1x10 0x5 1x40", _GPUS: "8x60"}, "40m", 0),
            Case("never Ready yet", {_READY: "0x60", _GPUS: "8x60"}, "40m", 0),
            Case("no accelerators", {_READY: "1x10 0x40", _CAPACITY.format("cpu"): "64x60"}, "40m", 0),
        ),
    ),
)
