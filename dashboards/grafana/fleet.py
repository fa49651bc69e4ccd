"""Fleet: what every accelerator does, by node and instance type."""

from __future__ import annotations

from analyzer.kpi.definitions.devices import ratio
from analyzer.kpi.scope import Scope
from analyzer.ledger.states import HELD_IDLE
from dashboards.panel import Board, Kind, Panel, Query, Section, Unit
from dashboards.queries import CELLS, by_group, dollars, grown, now, per_second
from exporters.canonical import device, ledger, nodes

_SECONDS = (ledger.accelerator_seconds_total,)


def _accelerators(scope: Scope, *by: str, **where: str) -> str:
    """Accelerator-seconds in a second: how many there are."""
    return per_second(ledger.accelerator_seconds_total, scope.over(CELLS), *by, **where)


def _build(scope: Scope) -> tuple[Section, ...]:
    idle = grown(ledger.dollars_total, scope, "namespace", "workload", state=HELD_IDLE)
    return (
        Section(
            "Now",
            (
                Panel(
                    "Accelerators paid",
                    Kind.STAT,
                    Unit.COUNT,
                    (Query(_accelerators(scope), ""),),
                    "How many accelerators are paid for, whatever they do.",
                    "Follows the work.",
                    _SECONDS,
                    width=6,
                    height=5,
                ),
                Panel(
                    "Working",
                    Kind.STAT,
                    Unit.COUNT,
                    (Query(_accelerators(scope, state="active-.*"), ""),),
                    "How many of them show work.",
                    "Close to what is paid.",
                    _SECONDS,
                    width=6,
                    height=5,
                ),
                Panel(
                    "Idle / hour",
                    Kind.STAT,
                    Unit.DOLLARS,
                    (Query(dollars(scope, state=HELD_IDLE), ""),),
                    "What accelerators cost that a Ready pod holds without work.",
                    "Near 0.",
                    (ledger.dollars_total,),
                    width=6,
                    height=5,
                ),
                Panel(
                    "Nodes not Ready",
                    Kind.STAT,
                    Unit.COUNT,
                    (Query(f"count({now(nodes.ready, scope, 'cluster', 'node')} == 0) or vector(0)", ""),),
                    "Nodes whose kubelet does not report Ready. They are paid.",
                    "0.",
                    (nodes.ready,),
                    width=6,
                    height=5,
                ),
            ),
        ),
        Section(
            "What they do",
            (
                Panel(
                    "Accelerators by what they do",
                    Kind.STACK,
                    Unit.COUNT,
                    tuple(by_group(ledger.accelerator_seconds_total, scope)),
                    "Every paid accelerator is in exactly one band.",
                    "The lowest bands are the thickest.",
                    _SECONDS,
                    width=24,
                ),
                Panel(
                    "By instance type",
                    Kind.TABLE,
                    Unit.COUNT,
                    (
                        Query(_accelerators(scope, "instance_type", "capacity_type"), "Accelerators"),
                        Query(_accelerators(scope, "instance_type", "capacity_type", state="active-.*"), "Working"),
                        Query(
                            _accelerators(scope, "instance_type", "capacity_type", state="held-.*"), "Held, not working"
                        ),
                        Query(_accelerators(scope, "instance_type", "capacity_type", state="free.*"), "Free"),
                        Query(dollars(scope, "instance_type", "capacity_type"), "$ per hour", unit=Unit.DOLLARS),
                    ),
                    "How many accelerators of each kind are paid, and how many work.",
                    "Working is close to all.",
                    _SECONDS,
                    labels=(("instance_type", "Instance type"), ("capacity_type", "Capacity")),
                    width=24,
                ),
            ),
        ),
        Section(
            "Who holds without work",
            (
                Panel(
                    "Idle holders",
                    Kind.TABLE,
                    Unit.DOLLARS,
                    (
                        Query(
                            f"topk(20, {idle} > 0)",
                            "Idle",
                        ),
                    ),
                    "Workloads whose Ready pods hold accelerators and show no work, by what that cost in this time.",
                    "Empty. The advisor has a patch for each.",
                    (ledger.dollars_total,),
                    labels=(("namespace", "Namespace"), ("workload", "Workload")),
                    may_be_empty=True,
                    width=10,
                    height=10,
                ),
                Panel(
                    "Busy ratio of each node",
                    Kind.STRIPS,
                    Unit.RATIO,
                    (Query(ratio("busy", scope, ("node",)), "{{node}}"),),
                    "Mean share of time in which any kernel ran on the node's devices. Not efficiency. Dark is busy.",
                    "Even. A light row among dark ones is a node to look at.",
                    (device.busy_ratio,),
                    width=14,
                    height=10,
                    most=1.0,
                ),
            ),
        ),
        Section(
            "Nodes",
            (
                Panel(
                    "Nodes by instance type",
                    Kind.LINES,
                    Unit.COUNT,
                    (Query(now(nodes.node_shape_info, scope, "instance_type", combine="count"), "{{instance_type}}"),),
                    "How many nodes of each type there are, those without accelerators included.",
                    "Types that nobody uses go away at night.",
                    (nodes.node_shape_info,),
                ),
                Panel(
                    "Accelerators that nodes offer",
                    Kind.LINES,
                    Unit.COUNT,
                    (
                        Query(now(nodes.capacity, scope, resource=_ACCELERATORS), "the nodes have"),
                        Query(now(nodes.allocatable, scope, resource=_ACCELERATORS), "offered to pods", dashed=True),
                    ),
                    "What the nodes have and what they offer; replicas and slices count singly.",
                    "The same. A gap is a device that its plugin took out of service.",
                    (nodes.capacity, nodes.allocatable),
                ),
            ),
        ),
    )


_ACCELERATORS = "nvidia_com_.*|aws_amazon_com_neuron.*"

board = Board(
    "gpuyield-fleet",
    "gpuyield / Fleet",
    "What every accelerator does: states over time, by node and by instance type.",
    (),
    _build,
)
