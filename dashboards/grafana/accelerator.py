"""Accelerator detail: NVIDIA and Neuron on one scale, with faults and throttling."""

from __future__ import annotations

from analyzer.kpi.definitions.devices import ratio
from analyzer.kpi.scope import Scope
from dashboards.panel import Board, Choice, Kind, Panel, Query, Section, Unit
from dashboards.queries import now, per_second
from exporters.canonical import device, neuron
from exporters.metric import Metric

_DEVICE = ("node", "uuid")
_NAME = "{{node}} {{device}}"
_SHORT = "(?:.*/)?(GPU-[0-9a-f]{8}|[^-/]*).*"


def _named(expr: str) -> str:
    """With the label `device`, which is enough of the uuid to tell devices of a node apart."""
    return f'label_replace({expr}, "device", "$1", "uuid", "{_SHORT}")'


def _chosen(expr: str) -> str:
    """Only what sits on a chosen node, whatever its series call the node."""
    return (
        f'label_replace({expr}, "chosen", "yes", "node", "$node")'
        ' and on (chosen) label_replace(vector(1), "chosen", "yes", "", "")'
    )


def _panel(
    kind: Kind,
    title: str,
    unit: Unit,
    means: str,
    good: str,
    needs: Metric,
    *queries: Query,
    width: int = 8,
    most: float | None = None,
    labels: tuple[tuple[str, str], ...] = (),
) -> Panel:
    may_be_empty = kind is Kind.TABLE
    return Panel(
        title, kind, unit, queries, means, good, (needs,), width, most=most, labels=labels, may_be_empty=may_be_empty
    )


def _build(scope: Scope) -> tuple[Section, ...]:
    lines = Kind.LINES
    clock = now(device.clock_hertz, scope, "node", combine="min", clock="sm")

    return (
        Section(
            "All devices",
            (
                Panel(
                    "Busy ratio of each device",
                    Kind.STRIPS,
                    Unit.RATIO,
                    (Query(_chosen(_named(ratio("busy", scope, _DEVICE))), _NAME),),
                    "Share of time in which any kernel ran: a GPU's engine, or the mean of a Neuron device's cores."
                    " Dark is busy.",
                    "Devices of one workload look alike. Choose nodes above where there are many.",
                    (device.busy_ratio,),
                    width=24,
                    height=16,
                    most=1.0,
                ),
                _panel(
                    lines,
                    "Effective ratio by node",
                    Unit.RATIO,
                    "The larger of compute and memory activity, mean over the node's devices.",
                    "Close to busy.",
                    device.compute_active_ratio,
                    Query(_chosen(ratio("effective", scope, ("node",))), "{{node}}"),
                    most=1.0,
                    width=12,
                ),
                _panel(
                    lines,
                    "Device memory in use by node",
                    Unit.BYTES,
                    "Sum over the node's devices.",
                    "Full where a server runs: engines take what they may have.",
                    device.memory_used_bytes,
                    Query(_chosen(now(device.memory_used_bytes, scope, "node")), "{{node}}"),
                    width=12,
                ),
                _panel(
                    lines,
                    "Power by node",
                    Unit.WATTS,
                    "Sum over the node's devices. High busy with low power is waiting.",
                    "Follows effective.",
                    device.power_watts,
                    Query(_chosen(now(device.power_watts, scope, "node")), "{{node}}"),
                    width=12,
                ),
                _panel(
                    lines,
                    "Hottest device of each node",
                    Unit.CELSIUS,
                    "Core temperature.",
                    "Below 85 °C.",
                    device.temperature_celsius,
                    Query(_chosen(now(device.temperature_celsius, scope, "node", combine="max")), "{{node}}"),
                    width=12,
                ),
                _panel(
                    lines,
                    "Slowest device of each node",
                    Unit.HERTZ,
                    "Clock of the multiprocessors.",
                    "The same for devices of one model under load.",
                    device.clock_hertz,
                    Query(_chosen(clock), "{{node}}"),
                    width=12,
                ),
                _panel(
                    lines,
                    "Traffic between devices",
                    Unit.BYTES_PER_SECOND,
                    "Bytes per second over NVLink and PCIe, all devices.",
                    "High in training and tensor parallelism only.",
                    device.interconnect_bytes_total,
                    Query(
                        per_second(device.interconnect_bytes_total, scope, "link", "direction"),
                        "{{link}} {{direction}}",
                    ),
                    width=12,
                ),
            ),
        ),
        Section(
            "Faults and throttling",
            (
                _panel(
                    Kind.TABLE,
                    "Devices with a fault",
                    Unit.COUNT,
                    "Number of the last fault (Xid) of each device that had one; it stays until the driver reloads.",
                    "Empty. 48, 63, 64, 74, 79, 94, 95 want the node out of service.",
                    device.last_fault_code,
                    Query(f"{now(device.last_fault_code, scope, *_DEVICE, combine='max')} > 0", "Xid"),
                    labels=(("node", "Node"), ("uuid", "Device")),
                ),
                _panel(
                    lines,
                    "Throttled devices, by reason",
                    Unit.COUNT,
                    "How many devices' worth of time the clocks were held down.",
                    "0. Thermal wants the node looked at; power is usual at full load.",
                    device.throttled_seconds_total,
                    Query(per_second(device.throttled_seconds_total, scope, "reason"), "{{reason}}"),
                ),
                _panel(
                    lines,
                    "Memory errors in a second",
                    Unit.PER_SECOND,
                    "ECC errors by severity.",
                    "0; uncorrected ones end the process.",
                    device.ecc_errors_total,
                    Query(per_second(device.ecc_errors_total, scope, "severity"), "{{severity}}"),
                ),
                _panel(
                    lines,
                    "Devices that are not healthy",
                    Unit.COUNT,
                    "Devices that answer and are out of service, or should answer and do not. They are paid.",
                    "0.",
                    device.healthy,
                    Query(
                        f"count({now(device.healthy, scope, 'uuid', combine='min')} == 0) or vector(0)",
                        "out of service",
                    ),
                    Query(
                        f"count({now(device.accelerator_up, scope, 'uuid', combine='min')} == 0) or vector(0)",
                        "does not answer",
                        dashed=True,
                    ),
                ),
                _panel(
                    lines,
                    "Neuron executions that failed",
                    Unit.PER_SECOND,
                    "Execution errors of all processes, by kind.",
                    "0; hardware wants the node out of service, numerical is the model's.",
                    neuron.execution_errors_total,
                    Query(per_second(neuron.execution_errors_total, scope, "kind"), "{{kind}}"),
                ),
                _panel(
                    lines,
                    "Neuron executions",
                    Unit.PER_SECOND,
                    "Executions of all processes, by how they ended.",
                    "Completed, and nothing else.",
                    neuron.executions_total,
                    Query(per_second(neuron.executions_total, scope, "status"), "{{status}}"),
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-accelerator",
    "gpuyield / Accelerator detail",
    "NVIDIA and Neuron devices on one scale: activity, memory, power, faults and throttling.",
    (Choice.NODE,),
    _build,
    since="now-6h",
)
