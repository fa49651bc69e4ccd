"""Karpenter and cold starts: what waits, how long a start takes, and what takes nodes away."""

from __future__ import annotations

from analyzer.kpi.scope import Scope
from dashboards.panel import Board, Kind, Panel, Query, Section, Unit
from dashboards.queries import dollars, now, per_second
from exporters.canonical import ledger, nodes, pods
from exporters.metric import Metric

_HOUR = 3600
_LIMITED = "nodes|cpu|nvidia_.*|aws_.*"
# Of these Karpenter and kube-state-metrics have no series while all is well.
_CALM = (nodes.interruptions_total, nodes.offering_available, nodes.claims_disrupted_total, pods.waiting)


def _panel(
    kind: Kind,
    title: str,
    unit: Unit,
    means: str,
    good: str,
    needs: Metric,
    *queries: Query,
    width: int = 8,
    labels: tuple[tuple[str, str], ...] = (),
) -> Panel:
    return Panel(
        title, kind, unit, queries, means, good, (needs,), width=width, labels=labels, may_be_empty=needs in _CALM
    )


def _an_hour(metric: Metric, scope: Scope, *by: str) -> str:
    return f"{per_second(metric, scope.over('15m'), *by)} * {_HOUR}"


def _build(scope: Scope) -> tuple[Section, ...]:
    offered = now(nodes.offering_available, scope, "instance_type", "capacity_type", "zone", combine="max")
    lines, bars = Kind.LINES, Kind.BARS
    return (
        Section(
            "What waits and what it costs",
            (
                _panel(
                    lines,
                    "Pods that are not running yet",
                    Unit.COUNT,
                    "Pods in phase Pending, by namespace: not scheduled, or pulling an image.",
                    "0 but for minutes.",
                    pods.phase,
                    Query(now(pods.phase, scope, "namespace", phase="Pending"), "{{namespace}}"),
                ),
                _panel(
                    lines,
                    "Containers that wait, by reason",
                    Unit.COUNT,
                    "ContainerCreating is a start; CrashLoopBackOff and ImagePullBackOff hold and never work.",
                    "Only ContainerCreating, and short.",
                    pods.waiting,
                    Query(now(pods.waiting, scope, "reason"), "{{reason}}"),
                ),
                _panel(
                    lines,
                    "Dollars per hour in starts",
                    Unit.DOLLARS,
                    "What accelerators cost while their node or their pod starts, is drained, or failed.",
                    "Peaks at deploys only.",
                    ledger.dollars_total,
                    Query(
                        dollars(scope, "state", state="held-starting|held-failed|node-starting|node-draining"),
                        "{{state}}",
                    ),
                ),
            ),
        ),
        Section(
            "From the wish for a node to its first pod",
            (
                _panel(
                    bars,
                    "Steps of node starts, mean",
                    Unit.SECONDS,
                    "From the NodeClaim's creation to each step, mean over the nodes that are there.",
                    "Devices within 4 minutes. A gap after registered is the driver or the device plugin.",
                    nodes.start_seconds,
                    Query(f"sort({now(nodes.start_seconds, scope, 'step', combine='avg')})", "{{step}}"),
                ),
                _panel(
                    bars,
                    "Steps of pod starts, mean",
                    Unit.SECONDS,
                    "From a pod's creation to each step, mean over the pods that are there.",
                    "Ready within 3 minutes. Long between started and ready is loading weights.",
                    pods.start_seconds,
                    Query(f"sort({now(pods.start_seconds, scope, 'step', combine='avg')})", "{{step}}"),
                ),
                _panel(
                    bars,
                    "Slowest image pulls",
                    Unit.SECONDS,
                    "How long the pull of a pod's images took; 0 where the node had them.",
                    "Below a minute: keep images small, or cached on the node.",
                    pods.image_pull_seconds,
                    Query(
                        f"topk(8, {now(pods.image_pull_seconds, scope, 'namespace', 'pod', combine='max')})",
                        "{{namespace}} {{pod}}",
                    ),
                ),
            ),
        ),
        Section(
            "What Karpenter does",
            (
                _panel(
                    lines,
                    "NodeClaims made in an hour",
                    Unit.COUNT,
                    "By reason: provisioned, or a replacement of a node that it disrupts.",
                    "Few, and in the morning.",
                    nodes.claims_created_total,
                    Query(_an_hour(nodes.claims_created_total, scope, "reason"), "{{reason}}"),
                ),
                _panel(
                    lines,
                    "NodeClaims disrupted in an hour",
                    Unit.COUNT,
                    "Those that Karpenter itself decided to end, by reason; not those that somebody deleted.",
                    "Empty and underutilized at night; drifted only after a change.",
                    nodes.claims_disrupted_total,
                    Query(_an_hour(nodes.claims_disrupted_total, scope, "reason"), "{{reason}}"),
                ),
                _panel(
                    lines,
                    "NodeClaims gone in an hour",
                    Unit.COUNT,
                    "All that are gone, whoever deleted them, by NodePool.",
                    "About as many as were made in a day.",
                    nodes.claims_terminated_total,
                    Query(_an_hour(nodes.claims_terminated_total, scope, "nodepool"), "{{nodepool}}"),
                ),
                _panel(
                    lines,
                    "Messages of EC2 in an hour",
                    Unit.COUNT,
                    "Spot interruptions, rebalance recommendations, health events and state changes.",
                    "Few spot interruptions; no health events.",
                    nodes.interruptions_total,
                    Query(_an_hour(nodes.interruptions_total, scope, "message_type"), "{{message_type}}"),
                ),
                _panel(
                    lines,
                    "Nodes of each NodePool",
                    Unit.COUNT,
                    "How many nodes a NodePool has.",
                    "Falls at night.",
                    nodes.nodepool_usage,
                    Query(now(nodes.nodepool_usage, scope, "nodepool", resource="nodes"), "{{nodepool}}"),
                ),
                _panel(
                    Kind.TABLE,
                    "NodePools against their limits",
                    Unit.COUNT,
                    "What the nodes of a NodePool have, and the most that it may have; no limit, no number.",
                    "Used stays below the limit, else pods wait for ever.",
                    nodes.nodepool_limit,
                    Query(now(nodes.nodepool_usage, scope, "nodepool", "resource", resource=_LIMITED), "Used"),
                    Query(now(nodes.nodepool_limit, scope, "nodepool", "resource", resource=_LIMITED), "Limit"),
                    labels=(("nodepool", "NodePool"), ("resource", "Resource")),
                ),
            ),
        ),
        Section(
            "What can be had",
            (
                _panel(
                    Kind.TABLE,
                    "Offerings that EC2 refused",
                    Unit.COUNT,
                    "Types and zones whose launch failed for lack of capacity; Karpenter tries again later.",
                    "Empty.",
                    nodes.offering_available,
                    Query(
                        f"{offered} == 0",
                        "Available",
                    ),
                    width=12,
                    labels=(("instance_type", "Instance type"), ("capacity_type", "Capacity"), ("zone", "Zone")),
                ),
                _panel(
                    lines,
                    "NodePools by Karpenter's estimate, dollars per hour",
                    Unit.DOLLARS,
                    "Karpenter's own estimate: reserved capacity is in it at about 0. The Cost board has the bill.",
                    "Falls at night.",
                    nodes.nodepool_dollars_per_hour,
                    Query(now(nodes.nodepool_dollars_per_hour, scope, "nodepool"), "{{nodepool}}"),
                    width=12,
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-karpenter",
    "gpuyield / Karpenter and cold starts",
    "What waits for a node, how long starts take and what they cost, and what takes nodes away.",
    (),
    _build,
)
