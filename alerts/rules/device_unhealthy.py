"""An accelerator is lost or out of service, on a node that works and is paid whole.

What it means: the driver does not answer for the device, or a fault took it out of service until a reset.
What to do: look at the last faults on the Accelerator detail board. Drain the node and reboot it, or let Karpenter
replace it; a device that fails again after that is a case for AWS. Its whole share of the node's price is waste.
What it is not: a throttled device, or faults of a program (Xid 13, 31, 43, 45), which end with the program.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import DEVICE, MINUTE, labels, smallest
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import device

_INFO = 'gpuyield_accelerator_info{cluster="prod", uuid="GPU-1", mig="", node="gpu-1"}'
_HEALTHY = 'gpuyield_accelerator_healthy{cluster="prod", uuid="GPU-1"}'
_UP = 'gpuyield_accelerator_up{cluster="prod", uuid="GPU-1"}'


def _expr(scope: Scope, _: Thresholds) -> str:
    arms = (f"{smallest(metric, scope, DEVICE)} == 0" for metric in (device.accelerator_up, device.healthy))
    return f" or on ({labels(scope, DEVICE)}) ".join(arms)


alerts = (
    Alert(
        name="GpuyieldDeviceUnhealthy",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ACCELERATOR,
        says="accelerator {{ $labels.uuid }} of node {{ $labels.node }} is out of service",
        why="After so long EKS's own repair replaces a node with bad hardware.",
        by=DEVICE,
        limits=("unhealthy_minutes",),
        expr=_expr,
        lasts_seconds=lambda thresholds: thresholds.unhealthy_minutes * MINUTE,
        needs=(device.accelerator_up, device.healthy),
        costs=Costs.NODE,
        about="device",
        alarm=Alarm(
            stats={"healthy": Stat(device.healthy, "Minimum"), "up": Stat(device.accelerator_up, "Minimum")},
            expression="MIN([healthy, up])",
            above=lambda _: 1.0,
            is_below=True,
            lasts_seconds=lambda thresholds: thresholds.unhealthy_minutes * MINUTE,
            period_seconds=60,
            lost="which device",
        ),
        cases=(
            Case("out of service", {_INFO: "1x40", _HEALTHY: "0x40", _UP: "1x40"}, "30m", 1),
            Case("lost", {_INFO: "1x40", _UP: "0x40"}, "30m", 1),
            Case("sound", {_INFO: "1x40", _HEALTHY: "1x40", _UP: "1x40"}, "30m", 0),
            Case("one bad reading", {_INFO: "1x40", _HEALTHY: "1x10 0 1x40"}, "12m", 0),
        ),
    ),
)
