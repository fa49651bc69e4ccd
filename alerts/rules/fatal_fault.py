"""The driver reported a fault after which a GPU cannot be trusted.

What it means: an Xid of the list that takes a device out of service (memory that cannot be repaired, off the bus, GSP
or NVLink errors). What runs on it fails or gives wrong answers.
What to do: look the number up in NVIDIA's Xid catalogue, cordon the node, drain it, reboot or replace it. Keep the
output of nvidia-bug-report.sh for AWS before the node is gone.
What it is not: Xid 13, 31, 43 and 45, which a program causes to itself. The last code of dcgm-exporter is sticky: it
stays until the driver reloads, and so does this alert.
"""

from __future__ import annotations

from alerts.alarm import Untold
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import DEVICE, labels, largest
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import device
from exporters.canonical.xids import FATAL_XIDS

_BY = (*DEVICE, "code")
_DCGM = 'DCGM_FI_DEV_XID_ERRORS{cluster="prod", UUID="GPU-1", Hostname="gpu-1"}'
_INFO = 'gpuyield_accelerator_info{cluster="prod", uuid="GPU-1", mig="", node="gpu-1"}'
_OURS = 'gpuyield_accelerator_last_fault_timestamp_seconds{{cluster="prod", uuid="GPU-1", code="{}"}}'
_RECENT_SECONDS = 900


def _expr(scope: Scope, _: Thresholds) -> str:
    """The time of ours, since a counter of faults is born at its first one and shows no increase; or a gauge whose
    value is the code: count_values makes a label of it."""
    codes = " or ".join(f'label_replace(vector(1), "code", "{code}", "", "")' for code in FATAL_XIDS)
    last = largest(device.last_fault_code, scope, DEVICE)
    at = largest(device.last_fault_seconds, scope, _BY, code="|".join(map(str, FATAL_XIDS)))
    by = labels(scope, DEVICE)
    recent = f"time() - ({at}) < {_RECENT_SECONDS}"
    return f'{recent} or on ({by}, code) (count_values by ({by}) ("code", {last}) and on (code) ({codes}))'


alerts = (
    Alert(
        name="GpuyieldFatalFault",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ACCELERATOR,
        says="accelerator {{ $labels.uuid }} of node {{ $labels.node }} had the fatal fault {{ $labels.code }}",
        why="One such fault is enough, so there is no number and no wait.",
        by=_BY,
        limits=(),
        expr=_expr,
        lasts_seconds=lambda _: 0.0,
        needs=(device.last_fault_code,),
        costs=Costs.NODE,
        about="device",
        alarm=Untold(
            "each code is a series of its own and the list has more than the ten series that an alarm may read;"
            " the alarm on devices out of service sees what such a fault does"
        ),
        cases=(
            Case("Xid 79 by dcgm-exporter", {_DCGM: "0x5 79x30"}, "20m", 1),
            Case("Xid 48 by our own", {_INFO: "1x40", _OURS.format(48): "_x5 300x30"}, "10m", 1),
            Case("the same, long over", {_INFO: "1x40", _OURS.format(48): "_x5 300x30"}, "30m", 0),
            Case("Xid 43, of a program", {_DCGM: "0x5 43x30", _INFO: "1x40", _OURS.format(43): "_x5 900x30"}, "20m", 0),
        ),
    ),
)
