"""Pods: one number each, where they run, who owns them, and from when to when they hold what they asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.joins import address_of
from analyzer.ledger.nodes import ACCELERATOR_RESOURCE, Presence, joined, spans

FOREVER = 1 << 62
_FINISHED = ("Succeeded", "Failed")
_TABLES = ("pod_info", "pod_requested", "allocation", "pod_labels", "pod_owner")
_ENGINE_TABLES = ("running", "prompt", "generation", "finished")
# The hash that a ReplicaSet or a Job adds to its name, when no owner series says more.
_REPLICASET_HASH = re.compile(r"-[a-z0-9]{5,10}$")

PodKey = tuple[str, str, str]  # cluster, namespace, pod
Incarnation = tuple[int, str]  # pod number, uid: the next pod of a StatefulSet has the same name


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod. `group` is the serving group: pods that together serve one copy of a model share it. `role` is
    prefill or decode in a disaggregated pair, empty elsewhere."""

    number: int
    key: PodKey
    workload: str
    team: str
    group: str
    role: str


@dataclass(slots=True)
class Pods:
    """All pods that any series names."""

    pods: list[Pod]
    number_of: dict[PodKey, int]
    by_address: dict[tuple[str, str], PodKey] = field(default_factory=dict)  # (cluster, pod ip) -> pod
    known: frozenset[PodKey] = frozenset()  # named by more than an engine's page

    def engine_pod(self, row: dict[str, str]) -> int | None:
        """The pod of an engine series: by its pod label, else by the address that was scraped."""
        named = (row["cluster"], row["namespace"], row["pod"])
        if row["pod"] and named in self.known:
            return self.number_of[named]
        host = (row["cluster"], address_of(row["instance"]))
        if host in self.by_address:
            return self.number_of[self.by_address[host]]
        return self.number_of.get((row["cluster"], row["namespace"], row["pod"] or row["instance"]))

    def engine_way(self, row: dict[str, str]) -> str | None:
        """By which way an engine series found its pod; None for one that only its own page tells of."""
        if row["pod"] and (row["cluster"], row["namespace"], row["pod"]) in self.known:
            return "pod label"
        return "scraped address" if (row["cluster"], address_of(row["instance"])) in self.by_address else None


@dataclass(frozen=True, slots=True)
class Claim:
    """A pod that holds `count` of one kind of unit on a node, from `start` to `end` (microseconds)."""

    pod: int
    place: tuple[str, str]
    kind: str  # gpu, mig:<profile>, neuron, neuroncore, or label (only an exporter tells of it)
    count: float
    start: int
    end: int


def read_pods(inputs: Inputs) -> Pods:
    """Numbers every pod, with its owner, team and serving group."""
    keys: dict[PodKey, None] = {}
    for table in _TABLES:
        for row in inputs.series(table):
            if row["pod"]:
                keys.setdefault((row["cluster"], row["namespace"], row["pod"]))
    known = frozenset(keys)
    addresses = _addresses(inputs)
    for table in _ENGINE_TABLES:
        for row in inputs.series(table):
            host = (row["cluster"], address_of(row["instance"]))
            named = (row["cluster"], row["namespace"], row["pod"])
            if named not in known and host not in addresses:
                keys.setdefault((row["cluster"], row["namespace"], row["pod"] or row["instance"]))
    owners, labels = _owners(inputs), _labels(inputs)
    leaders = _leaders(owners, known)
    pods = []
    for number, key in enumerate(sorted(keys)):
        leader = leaders.get(key, key)
        team, group, role = labels.get(key, ("", "", ""))
        team = team or labels.get(leader, ("", "", ""))[0]
        group = group or labels.get(leader, ("", "", ""))[1] or _default_group(leader, owners)
        kind_and_name = owners.get(leader)
        workload = kind_and_name[1] if kind_and_name else _REPLICASET_HASH.sub("", key[2])
        pods.append(Pod(number, key, workload, team or key[1], group, role))
    return Pods(pods, {pod.key: pod.number for pod in pods}, addresses, known)


def _addresses(inputs: Inputs) -> dict[tuple[str, str], PodKey]:
    """(cluster, pod ip) -> pod. Of several pods at one address (host network, an address used again) the one that
    asks for accelerators counts, since engines run there; DaemonSets never count."""
    asking = _asking(inputs)
    found: dict[tuple[str, str], PodKey] = {}
    for row in inputs.series("pod_info"):
        address, key = (row["cluster"], row["pod_ip"]), (row["cluster"], row["namespace"], row["pod"])
        if row["pod_ip"] and row["owner_kind"] != "DaemonSet" and (key in asking or found.get(address) not in asking):
            found[address] = key
    return found


def _asking(inputs: Inputs) -> set[PodKey]:
    """Pods that ask for accelerators."""
    return {
        (row["cluster"], row["namespace"], row["pod"])
        for row in inputs.series("pod_requested")
        if ACCELERATOR_RESOURCE.fullmatch(row["resource"])
    }


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
            owner = row["owner_name"]
            if row["owner_kind"] == "ReplicaSet":
                owner = deployments.get((row["cluster"], row["namespace"], owner), _REPLICASET_HASH.sub("", owner))
            found[(row["cluster"], row["namespace"], row["pod"])] = (row["owner_kind"], owner)
    return found


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
        found[(row["cluster"], row["namespace"], row["pod"])] = (row["team"], group, row["role"])
    return found


def claims(inputs: Inputs, pods: Pods) -> list[Claim]:
    """What kube-state-metrics says that pods hold: from binding until they finish or are gone."""
    seen = spans(inputs, "pod_requested")
    scheduled = _times(inputs, "pod_scheduled", pods)
    finished = finished_pods(inputs, pods)
    silences = _silences(inputs)
    wanted: dict[tuple[Incarnation, tuple[str, str], str], list[tuple[float, Presence]]] = {}
    amounts = dict(
        inputs.db.execute(
            "SELECT series, max(value) FROM pod_requested WHERE isfinite(value) GROUP BY series"
        ).fetchall()
    )
    for row in inputs.series("pod_requested"):
        series = int(row["series"])
        if row["node"] and series in seen and ACCELERATOR_RESOURCE.fullmatch(row["resource"]) and amounts[series] > 0:
            pod = pods.number_of[(row["cluster"], row["namespace"], row["pod"])]
            key = ((pod, row["uid"]), (row["cluster"], row["node"]), _kind(row["resource"]))
            wanted.setdefault(key, []).append((amounts[series], seen[series]))
    found = []
    for (incarnation, place, kind), parts in wanted.items():
        presence = joined(part for _, part in parts)
        start = min(scheduled.get(incarnation, presence.first), presence.first)
        end = _end_of_sight(presence.last, silences.get(place[0], []))
        end = min(end, finished.get(incarnation, FOREVER))
        if start < end:
            found.append(Claim(incarnation[0], place, kind, sum(count for count, _ in parts), start, end))
    return found


def label_claims(inputs: Inputs, pods: Pods, places: dict[int, tuple[str, str]], claimed: set[int]) -> list[Claim]:
    """Pods that only an exporter's labels tell of; the exporters' own pods are no holders."""
    exporters = exporter_pods(inputs)
    seen = spans(inputs, "allocation")
    finished: dict[int, int] = {}
    for (pod, _), at in finished_pods(inputs, pods).items():
        finished[pod] = max(at, finished.get(pod, 0))
    place_of = {
        row["uuid"]: places[int(row["series"])] for row in inputs.series("accelerator") if int(row["series"]) in places
    }
    held: dict[tuple[int, tuple[str, str]], list[Presence]] = {}
    for row in inputs.series("allocation"):
        key = (row["cluster"], row["namespace"], row["pod"])
        if not row["pod"] or key in exporters or int(row["series"]) not in seen or row["uuid"] not in place_of:
            continue
        if pods.number_of[key] not in claimed:
            held.setdefault((pods.number_of[key], place_of[row["uuid"]]), []).append(seen[int(row["series"])])
    return [
        Claim(pod, place, "label", 0, (whole := joined(parts)).first, min(whole.last, finished.get(pod, FOREVER)))
        for (pod, place), parts in held.items()
        if joined(parts).first < finished.get(pod, FOREVER)
    ]


def exporter_pods(inputs: Inputs) -> set[PodKey]:
    """Pods that serve accelerator series and hold nothing, though a page without workload labels seems to name them:
    those that `up` tells of at the scraped address, and DaemonSet pods that ask for no accelerator."""
    instances = {(row["cluster"], row["instance"]) for row in inputs.series("accelerator")}
    told = {
        (row["cluster"], row["namespace"], row["pod"])
        for row in inputs.series("target_up")
        if row["pod"] and (row["cluster"], row["instance"]) in instances
    }
    named = {
        (row["cluster"], row["namespace"], row["pod"])
        for row in inputs.series("allocation")
        if "dcgm-exporter" in row["container"]
    }
    asking, requests_are_told = _asking(inputs), inputs.count("pod_requested_series") > 0
    daemons = {
        key
        for row in inputs.series("pod_info")
        if requests_are_told
        and row["owner_kind"] == "DaemonSet"
        and (key := (row["cluster"], row["namespace"], row["pod"])) not in asking
    }
    return told | named | daemons


def _kind(resource: str) -> str:
    if resource.startswith("nvidia_com_mig_"):
        return "mig:" + resource.removeprefix("nvidia_com_mig_").replace("_", ".", 1)
    if resource == "aws_amazon_com_neuroncore":
        return "neuroncore"
    return "neuron" if "neuron" in resource else "gpu"


def _times(inputs: Inputs, table: str, pods: Pods) -> dict[Incarnation, int]:
    """The time that a `..._timestamp_seconds` metric says, microseconds."""
    rows = dict(
        inputs.db.execute(
            f"SELECT series, max(value) FROM {table} WHERE isfinite(value) AND value > 0 GROUP BY series"
        ).fetchall()
    )
    return {
        (pods.number_of[key], row["uid"]): round(rows[int(row["series"])] * 1e6)
        for row in inputs.series(table)
        if int(row["series"]) in rows and (key := (row["cluster"], row["namespace"], row["pod"])) in pods.number_of
    }


def finished_pods(inputs: Inputs, pods: Pods) -> dict[Incarnation, int]:
    """When each pod was first seen Succeeded or Failed."""
    first = dict(
        inputs.db.execute(
            "SELECT series, min(t) FROM pod_phase WHERE isfinite(value) AND value > 0 GROUP BY series"
        ).fetchall()
    )
    found: dict[Incarnation, int] = {}
    for row in inputs.series("pod_phase"):
        key = (row["cluster"], row["namespace"], row["pod"])
        if row["phase"] in _FINISHED and int(row["series"]) in first and key in pods.number_of:
            at = first[int(row["series"])]
            incarnation = (pods.number_of[key], row["uid"])
            found[incarnation] = min(at, found.get(incarnation, at))
    return found


def _silences(inputs: Inputs) -> dict[str, list[tuple[int, int]]]:
    """By cluster: spans in which nothing told of any pod for longer than three intervals; the last one is open.
    Karpenter, which names neither uid nor address, does not count: it says where pods run, not what they hold."""
    rows = inputs.db.execute(
        """
        WITH told AS (
            SELECT cluster, t, max(interval_us) AS interval_us
            FROM pod_info JOIN pod_info_series USING (series)
            WHERE NOT isnan(value) AND (uid <> '' OR pod_ip <> '') GROUP BY cluster, t
        )
        SELECT cluster, t, coalesce(lead(t) OVER (PARTITION BY cluster ORDER BY t), $1) AS next
        FROM told QUALIFY next - t > 3 * interval_us
        """,
        [FOREVER],
    ).fetchall()
    found: dict[str, list[tuple[int, int]]] = {}
    for cluster, start, end in rows:
        found.setdefault(cluster, []).append((start, end))
    return found


def _end_of_sight(last: int, silences: Iterable[tuple[int, int]]) -> int:
    """When a pod that was last seen at `last` (plus an interval) ended: at once, or, when everything fell silent
    with it, at the end of the silence, since nobody saw it go."""
    for start, end in silences:
        if start < last <= end:
            return end
    return last
