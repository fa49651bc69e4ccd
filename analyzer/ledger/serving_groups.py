"""To whom a pod belongs: its workload, its team, and the pods that serve one copy of a model together with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from analyzer.ledger.inputs import Inputs, PodKey, pod_key

# The hash that a ReplicaSet or a Job adds to its name, when no owner series says more.
_REPLICASET_HASH = re.compile(r"-[a-z0-9]{5,10}$")
_OWNER_PATH = re.compile(r"/apis?/.+/(?P<plural>[a-z0-9]+)/(?P<name>[^/]+)")
_KINDS = {
    "replicasets": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
    "rayclusters": "RayCluster",
}


@dataclass(frozen=True, slots=True)
class Membership:
    """`group` is the serving group, the pod alone where nothing says otherwise. `role` is empty where no label
    tells it."""

    workload: str
    team: str
    group: str
    role: str


def memberships(inputs: Inputs, keys: Iterable[PodKey], known: frozenset[PodKey]) -> dict[PodKey, Membership]:
    """The membership of each of the pods; what a worker does not say itself is its leader's. `known` pods may lead."""
    owners, labels = _owners(inputs), _labels(inputs)
    leaders = _leaders(owners, known)
    found = {}
    for key in keys:
        leader = leaders.get(key, key)
        team, group, role = labels.get(key, ("", "", ""))
        team = team or labels.get(leader, ("", "", ""))[0]
        group = group or labels.get(leader, ("", "", ""))[1] or _default_group(leader, owners)
        kind_and_name = owners.get(leader)
        workload = kind_and_name[1] if kind_and_name else _REPLICASET_HASH.sub("", key[2])
        found[key] = Membership(workload, team or key[1], group, role)
    return found


def _owners(inputs: Inputs) -> dict[PodKey, tuple[str, str]]:
    """(kind, name) of each pod's workload: a ReplicaSet's owner where it has one, else the owner itself."""
    deployments = {
        (row["cluster"], row["namespace"], row["replicaset"]): row["owner_name"]
        for row in inputs.series("replicaset_owner")
        if row["owner_name"] and row["owner_name"] != "<none>"
    }
    found: dict[PodKey, tuple[str, str]] = {}
    for row in chain(inputs.series("pod_info"), inputs.series("pod_owner")):
        if row["owner_name"] and row["owner_name"] != "<none>":
            kind, owner = _plain(row["owner_kind"], row["owner_name"])
            if kind == "ReplicaSet":
                owner = deployments.get((row["cluster"], row["namespace"], owner), _REPLICASET_HASH.sub("", owner))
            found[pod_key(row)] = (kind, owner)
    return found


def _plain(kind: str, owner: str) -> tuple[str, str]:
    """Karpenter names an owner by its path: /apis/apps/v1/namespaces/chat/replicasets/llama-7d9f8c6b5d."""
    path = _OWNER_PATH.fullmatch(owner)
    return (_KINDS.get(path["plural"], path["plural"]), path["name"]) if path else (kind, owner)


def _leaders(owners: dict[PodKey, tuple[str, str]], known: frozenset[PodKey]) -> dict[PodKey, PodKey]:
    """Worker pod -> leader pod of a LeaderWorkerSet: the workers of leader `llama-0` are `llama-0-1` and on, of a
    StatefulSet that has the leader's name and no pod 0."""
    found: dict[PodKey, PodKey] = {}
    for key, (kind, owner) in owners.items():
        leader, zeroth = (*key[:2], owner), (*key[:2], f"{owner}-0")
        is_worker = kind == "StatefulSet" and leader in known and zeroth not in known
        if is_worker and owners.get(leader, ("", ""))[0] == "StatefulSet":
            found[key] = leader
    return found


def _default_group(leader: PodKey, owners: dict[PodKey, tuple[str, str]]) -> str:
    """The serving group where no label says it: a RayCluster's pods are one, spelled as its label would be."""
    kind, owner = owners.get(leader, ("", ""))
    return "/".join((*leader[:2], owner, "")) if kind == "RayCluster" else "/".join(leader)


def _labels(inputs: Inputs) -> dict[PodKey, tuple[str, str, str]]:
    """(team, serving group, role) of each pod that has such labels."""
    found: dict[PodKey, tuple[str, str, str]] = {}
    for row in inputs.series("pod_labels"):
        group = ""
        if row["group_name"]:
            group = "/".join((row["cluster"], row["namespace"], row["group_name"], row["group_index"]))
        found[pod_key(row)] = (row["team"], group, row["role"])
    return found
