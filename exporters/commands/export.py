"""`gpuyield export`: serves what the accelerators of this machine do, or what a cluster says of its nodes and pods."""

from __future__ import annotations

import argparse
import importlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING

from exporters.agent.agent import Agent
from exporters.agent.names import unknown_name
from exporters.agent.options import SettingsError, add_settings, settings_of
from exporters.agent.settings import Settings
from exporters.commands.dry_run import dry_run
from exporters.discover import discover
from exporters.self_telemetry import SelfTelemetry, begin, is_wanted
from exporters.sinks.options import SINK_SETTINGS, describe_sinks, origin_of, sinks_of
from exporters.source import Roster
from exporters.stopping import stop_signals

if TYPE_CHECKING:
    from exporters.cluster.collector import ClusterRoster

_LOOK_SECONDS = 0.2
_KUBELET = "kubelet"

_NODE = """Reads the accelerators of this machine and serves them at /metrics, until SIGTERM or Ctrl-C.

Every source (a GPU, the kubelet, neuron-monitor) is read on a thread of its own: one that hangs or fails costs only
its own samples, and a scrape never waits for a device. Whether each answers stands on the page as
gpuyield_source_up and gpuyield_source_absent."""

_NODE_EPILOG = """examples:
  gpuyield export node
  gpuyield export node --listen :19400 --web-config web-config.yml
  gpuyield export node --sources nvidia,kubelet --interval 5s
  gpuyield export node --sink cloudwatch:cluster=prod,region=us-east-1 --dry-run

A flag wins over the environment, that over the file of --config (the flags' names with _ for -), that over the default.
exit code: 0 stopped; 2 a setting is wrong, or the address is taken
"""

_CLUSTER = """Watches the nodes of a Kubernetes cluster, what Karpenter buys, and the pods that ask for accelerators,
and serves it at /metrics, until SIGTERM or Ctrl-C: types and zones, when each node was launched, came up and went, what
its start and the start of each pod took, who holds what, and what it costs. It only ever reads.

Each kind of object is read on a thread of its own; one that may not be read, or does not exist (no Karpenter), costs
only its own samples. It needs `get`, `list` and `watch` on nodes, pods, events, replicasets, and, of Karpenter, on
nodeclaims, nodepools and ec2nodeclasses. Prices are looked up beside it (options of the group prices; without any, in
the packaged table), and what has no known price has no series. One of it is enough for a cluster."""

_CLUSTER_EPILOG = """examples:
  gpuyield export cluster
  gpuyield export cluster --context blue --listen :19401
  gpuyield export cluster --prices rates.yaml --price-basis effective
  gpuyield export cluster --ask-aws --aws-region us-east-1 --eks-cluster prod

Without --context it is the current one of the kubeconfig; in a pod, the cluster that the pod is in.
exit code: 0 stopped; 2 a setting is wrong, no cluster is configured, or the address is taken
"""
_CLUSTER_SETTINGS = (
    "listen",
    "web_config",
    "interval_seconds",
    "self_telemetry",
    "log_format",
    "log_level",
    *SINK_SETTINGS,
)


def add_arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """What can be exported; gives the parser of the cluster's options, for who has more of them."""
    parser.description = "Serves what this machine knows as metrics under their canonical names."
    kinds = parser.add_subparsers(dest="export", metavar="WHAT", required=True)
    node = kinds.add_parser(
        "node",
        help="the accelerators of this machine",
        description=_NODE,
        epilog=f"{describe_sinks()}\n\n{_NODE_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_settings(node)
    _add_dry_run(node)
    cluster = kinds.add_parser(
        "cluster",
        help="nodes and pods of a Kubernetes cluster",
        description=_CLUSTER,
        epilog=f"{describe_sinks()}\n\n{_CLUSTER_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cluster.add_argument("--context", metavar="NAME", help="a context of the kubeconfig; default: the current one")
    add_settings(cluster, _CLUSTER_SETTINGS)
    _add_dry_run(cluster)
    cluster.set_defaults(node_name="cluster")  # it speaks for no single node
    return cluster


def run(arguments: argparse.Namespace, beside: Callable[[ClusterRoster], Roster] | None = None) -> int:
    """Serves until it is told to stop; `beside` finds more of a cluster than its API server says."""
    with stop_signals() as received:
        settings = settings_of(arguments, os.environ)
        if arguments.export == "cluster":
            rosters, subject = cluster_rosters(arguments.context, beside), "The nodes and pods of a cluster."
        else:
            rosters, subject = rosters_of(settings), ""
        sinks = sinks_of(settings, origin_of(settings.sysfs, settings.node_name if arguments.export == "node" else ""))
        if arguments.dry_run:
            dry_run(rosters, sinks, settings)
            return 0
        agent = Agent(settings, rosters, sinks=sinks, subject=subject)
        with self_telemetry(settings.self_telemetry, agent):
            agent.start()
            while not received:
                time.sleep(_LOOK_SECONDS)
            agent.stop()
    return 0


@contextmanager
def self_telemetry(choice: SelfTelemetry | None, agent: Agent) -> Iterator[None]:
    """Tells of the agent itself meanwhile, where that is asked for."""
    if not is_wanted(choice, os.environ):
        yield
        return
    end = begin(agent.snapshot.samples, os.environ, agent.log)
    try:
        yield
    finally:
        end()


def _add_dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="read once, send nothing, and print what the sinks would send and cost"
    )


def rosters_of(settings: Settings) -> Sequence[Roster]:
    """Of every file of exporters/sources, by name, so that pages of others come last: ours win where both tell."""
    makers = discover(importlib.import_module("exporters.sources"), "make_roster", FunctionType)
    if wrong := unknown_name(settings.sources, list(makers)):
        raise SettingsError(f"--sources: {wrong}")
    chosen = {name: make for name, make in makers.items() if not settings.sources or name in settings.sources}
    found = {name: make(settings) for name, make in chosen.items() if name != _KUBELET}
    if _KUBELET in chosen:  # it knows MIG slices by names that only the driver can tell the meaning of
        found[_KUBELET] = chosen[_KUBELET](settings, found.get("nvidia"))
    return [found[name] for name in chosen]


def cluster_rosters(context: str | None, beside: Callable[[ClusterRoster], Roster] | None) -> Sequence[Roster]:
    """Of the cluster of this context; raises `ClusterError` where none is configured."""
    from exporters.cluster.collector import ClusterRoster
    from exporters.kubernetes.kubeconfig import api_server

    cluster = ClusterRoster(api_server(context))
    return [cluster, beside(cluster)] if beside else [cluster]
