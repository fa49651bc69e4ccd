"""What pods hold: which kind of unit, how many, on which node, and from when to when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.ledger.inputs import Inputs, PodKey, pod_key
from analyzer.ledger.nodes import ACCELERATOR_RESOURCE, Presence, joined, spans
from analyzer.ledger.pods import Incarnation, Pods, asking_pods, finished_pods
from analyzer.ledger.steps import FOREVER
from analyzer.ledger.telling import PODS_TOLD


@dataclass(frozen=True, slots=True)
class Claim:
    """A pod that holds `count` of one kind of unit on a node, from `start` to `end` (microseconds)."""

    pod: int
    place: tuple[str, str]
    kind: str  # gpu, mig:<profile>, neuron, neuroncore, or label (only an exporter tells of it)
    count: float
    start: int
    end: int


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
            pod = pods.number_of[pod_key(row)]
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
    exporters = _exporter_pods(inputs)
    seen = spans(inputs, "allocation")
    finished: dict[int, int] = {}
    for (pod, _), at in finished_pods(inputs, pods).items():
        finished[pod] = max(at, finished.get(pod, 0))
    place_of = {
        row["uuid"]: places[int(row["series"])] for row in inputs.series("accelerator") if int(row["series"]) in places
    }
    held: dict[tuple[int, tuple[str, str]], list[Presence]] = {}
    for row in inputs.series("allocation"):
        key = pod_key(row)
        if not row["pod"] or key in exporters or int(row["series"]) not in seen or row["uuid"] not in place_of:
            continue
        if pods.number_of[key] not in claimed:
            held.setdefault((pods.number_of[key], place_of[row["uuid"]]), []).append(seen[int(row["series"])])
    return [
        Claim(pod, place, "label", 0, (whole := joined(parts)).first, min(whole.last, finished.get(pod, FOREVER)))
        for (pod, place), parts in held.items()
        if joined(parts).first < finished.get(pod, FOREVER)
    ]


def _exporter_pods(inputs: Inputs) -> set[PodKey]:
    """Pods that serve accelerator series and hold nothing, though a page without workload labels seems to name them:
    those that `up` tells of at the scraped address, and DaemonSet pods that ask for no accelerator."""
    instances = {(row["cluster"], row["instance"]) for row in inputs.series("accelerator")}
    told = {
        pod_key(row)
        for row in inputs.series("target_up")
        if row["pod"] and (row["cluster"], row["instance"]) in instances
    }
    named = {pod_key(row) for row in inputs.series("allocation") if "dcgm-exporter" in row["container"]}
    asking, requests_are_told = asking_pods(inputs), inputs.count("pod_requested_series") > 0
    daemons = {
        key
        for row in inputs.series("pod_info")
        if requests_are_told and row["owner_kind"] == "DaemonSet" and (key := pod_key(row)) not in asking
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
        if int(row["series"]) in rows and (key := pod_key(row)) in pods.number_of
    }


def _silences(inputs: Inputs) -> dict[str, list[tuple[int, int]]]:
    """By cluster: spans in which nobody told of its pods for longer than three intervals; the last one is open."""
    rows = inputs.db.execute(
        f"""
        WITH told AS (SELECT cluster, t, max(interval_us) AS interval_us FROM ({PODS_TOLD}) GROUP BY cluster, t)
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
