"""Pods: one number each, which engine's page is theirs, and when they finished."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.ledger.inputs import Inputs, PodKey, pod_key
from analyzer.ledger.joins import address_of
from analyzer.ledger.nodes import ACCELERATOR_RESOURCE
from analyzer.ledger.serving_groups import memberships

_FINISHED = ("Succeeded", "Failed")
_TABLES = ("pod_info", "pod_requested", "allocation", "pod_labels", "pod_owner")
_TELLING_OF_ENGINES = ("running", "prompt", "generation", "finished")

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
        named = pod_key(row)
        if row["pod"] and named in self.known:
            return self.number_of[named]
        host = (row["cluster"], address_of(row["instance"]))
        if host in self.by_address:
            return self.number_of[self.by_address[host]]
        return self.number_of.get((row["cluster"], row["namespace"], row["pod"] or row["instance"]))

    def engine_way(self, row: dict[str, str]) -> str | None:
        """By which way an engine series found its pod; None for one that only its own page tells of."""
        if row["pod"] and pod_key(row) in self.known:
            return "pod label"
        return "scraped address" if (row["cluster"], address_of(row["instance"])) in self.by_address else None


def read_pods(inputs: Inputs) -> Pods:
    """Numbers every pod, with its owner, team and serving group."""
    known = frozenset(pod_key(row) for table in _TABLES for row in inputs.series(table) if row["pod"])
    addresses = _addresses(inputs)
    keys = sorted(known | _told_by_pages_alone(inputs, known, addresses))
    member = memberships(inputs, keys, known)
    pods = [
        Pod(number, key, one.workload, one.team, one.group, one.role)
        for number, (key, one) in enumerate((key, member[key]) for key in keys)
    ]
    return Pods(pods, {pod.key: pod.number for pod in pods}, addresses, known)


def _told_by_pages_alone(
    inputs: Inputs, known: frozenset[PodKey], addresses: dict[tuple[str, str], PodKey]
) -> set[PodKey]:
    """Pods of engines whose series lead to no known pod; one without a pod label is named by its scraped address."""
    return {
        (row["cluster"], row["namespace"], row["pod"] or row["instance"])
        for table in _TELLING_OF_ENGINES
        for row in inputs.series(table)
        if pod_key(row) not in known and (row["cluster"], address_of(row["instance"])) not in addresses
    }


def _addresses(inputs: Inputs) -> dict[tuple[str, str], PodKey]:
    """(cluster, pod ip) -> pod. Of several pods at one address (host network, an address used again) the one that
    asks for accelerators counts, since engines run there; DaemonSets never count."""
    asking = asking_pods(inputs)
    found: dict[tuple[str, str], PodKey] = {}
    for row in inputs.series("pod_info"):
        address, key = (row["cluster"], row["pod_ip"]), pod_key(row)
        if row["pod_ip"] and row["owner_kind"] != "DaemonSet" and (key in asking or found.get(address) not in asking):
            found[address] = key
    return found


def asking_pods(inputs: Inputs) -> set[PodKey]:
    """Pods that ask for accelerators."""
    return {pod_key(row) for row in inputs.series("pod_requested") if ACCELERATOR_RESOURCE.fullmatch(row["resource"])}


def finished_pods(inputs: Inputs, pods: Pods) -> dict[Incarnation, int]:
    """When each pod was first seen Succeeded or Failed."""
    first = dict(
        inputs.db.execute(
            "SELECT series, min(t) FROM pod_phase WHERE isfinite(value) AND value > 0 GROUP BY series"
        ).fetchall()
    )
    found: dict[Incarnation, int] = {}
    for row in inputs.series("pod_phase"):
        key = pod_key(row)
        if row["phase"] in _FINISHED and int(row["series"]) in first and key in pods.number_of:
            at = first[int(row["series"])]
            incarnation = (pods.number_of[key], row["uid"])
            found[incarnation] = min(at, found.get(incarnation, at))
    return found
