"""`gpuyield export`: serves what the accelerators of this machine do, or what a cluster says of its nodes and pods."""

from __future__ import annotations

import argparse
import importlib
import os
import time
from collections.abc import Sequence
from types import FunctionType

from exporters.agent.agent import Agent
from exporters.agent.names import unknown_name
from exporters.agent.options import SettingsError, add_settings, settings_of
from exporters.agent.settings import Settings
from exporters.discover import discover
from exporters.source import Roster
from exporters.stopping import stop_signals

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

A flag wins over the environment, that over the file of --config (the flags' names with _ for -), that over the default.
exit code: 0 stopped; 2 a setting is wrong, or the address is taken
"""

_CLUSTER = """Watches the nodes of a Kubernetes cluster, what Karpenter buys, and the pods that ask for accelerators,
and serves it at /metrics, until SIGTERM or Ctrl-C: types and zones, when each node was launched, came up and went, what
its start and the start of each pod took, and who holds what. It only ever reads.

Each kind of object is read on a thread of its own; one that may not be read, or does not exist (no Karpenter), costs
only its own samples. It needs `get`, `list` and `watch` on nodes, pods, events, replicasets, and, of Karpenter, on
nodeclaims, nodepools and ec2nodeclasses. One of it is enough for a cluster."""

_CLUSTER_EPILOG = """examples:
  gpuyield export cluster
  gpuyield export cluster --context blue --listen :19401

Without --context it is the current one of the kubeconfig; in a pod, the cluster that the pod is in.
exit code: 0 stopped; 2 a setting is wrong, no cluster is configured, or the address is taken
"""
_CLUSTER_SETTINGS = ("listen", "web_config", "interval_seconds", "log_format", "log_level")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be exported."""
    parser.description = "Serves what this machine knows as metrics under their canonical names."
    kinds = parser.add_subparsers(dest="export", metavar="WHAT", required=True)
    node = kinds.add_parser(
        "node",
        help="the accelerators of this machine",
        description=_NODE,
        epilog=_NODE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_settings(node)
    cluster = kinds.add_parser(
        "cluster",
        help="nodes and pods of a Kubernetes cluster",
        description=_CLUSTER,
        epilog=_CLUSTER_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cluster.add_argument("--context", metavar="NAME", help="a context of the kubeconfig; default: the current one")
    add_settings(cluster, _CLUSTER_SETTINGS)
    cluster.set_defaults(node_name="cluster")  # it speaks for no single node


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    with stop_signals() as received:
        settings = settings_of(arguments, os.environ)
        is_cluster = arguments.export == "cluster"
        agent = Agent(settings, [cluster_roster(arguments.context)] if is_cluster else rosters_of(settings))
        agent.start()
        while not received:
            time.sleep(_LOOK_SECONDS)
        agent.stop()
    return 0


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


def cluster_roster(context: str | None) -> Roster:
    """Of the cluster of this context; raises `ClusterError` where none is configured."""
    from exporters.cluster.collector import ClusterRoster
    from exporters.kubernetes.kubeconfig import api_server

    return ClusterRoster(api_server(context))
