"""A node with accelerators starts for too long: it is paid and nobody can use it.

What it means: the node exists and was never Ready with its accelerators. It is paid since its launch.
What to do: open the Karpenter and cold starts board to see which step lasts. No registration: the node role, the
security group, the image's kubelet settings. Registered without accelerators: the device plugin or the driver of the
image. `kubectl describe nodeclaim` says what Karpenter waits for. Delete the NodeClaim when nothing moves.
What it is not: a pod that pulls its image on a Ready node; that is in the ledger as held-starting.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import NODE, largest
from exporters.canonical import nodes

_STARTING = 'gpuyield_node_phase{cluster="prod", node="gpu-1", phase="starting"}'
_READY = 'gpuyield_node_phase{cluster="prod", node="gpu-1", phase="ready"}'

alerts = (
    Alert(
        name="GpuyieldNodeStarting",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.KARPENTER,
        says="node {{ $labels.node }} is still starting",
        why="Public traces of accelerator nodes need seven to ten minutes; what takes longer than seven is looked at.",
        by=NODE,
        limits=("cold_start_seconds",),
        expr=lambda scope, _: f"{largest(nodes.phase, scope, NODE, phase='starting')} == 1",
        lasts_seconds=lambda thresholds: thresholds.cold_start_seconds,
        needs=(nodes.phase,),
        costs=Costs.NODE,
        alarm=Alarm(
            stats={"starting": Stat(nodes.phase, "Sum", {"phase": "starting"})},
            above=lambda _: 0.0,
            lasts_seconds=lambda thresholds: thresholds.cold_start_seconds,
            period_seconds=60,
            lost="which node; nodes that start one after the other look like one that never ends",
        ),
        cases=(
            Case("fifteen minutes", {_STARTING: "1x20"}, "15m", 1),
            Case("four minutes", {_STARTING: "1x4 _x20", _READY: "_x4 1x20"}, "15m", 0),
        ),
    ),
)
