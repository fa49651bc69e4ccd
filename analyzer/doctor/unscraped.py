"""Pods that hold accelerators while nobody reads the page of an engine in them, dearest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.doctor.model import Unscraped
from analyzer.doctor.monitors import engine_of, pod_monitor
from analyzer.ledger.inputs import has
from analyzer.ledger.joins import address_of
from analyzer.ledger.ledger import Ledger
from exporters.canonical import pods
from exporters.metric import Metric

# What the doctor reads beyond the ledger's own questions.
IMAGE, APP = "pod_image", "pod_app"
ALSO: dict[str, Metric] = {IMAGE: pods.image_info, APP: pods.app_labels_info}

# Canonical label -> the pod label that it was; a selector takes all that are set and that the pods share.
_SELECTORS = {
    "app": "app",
    "app_name": "app.kubernetes.io/name",
    "app_instance": "app.kubernetes.io/instance",
    "app_component": "app.kubernetes.io/component",
}
_Key = tuple[str, str, str]  # cluster, namespace, pod


@dataclass(slots=True)
class _Workload:
    pods: set[_Key] = field(default_factory=set)
    dollars: float = 0.0
    is_priced: bool = True
    seconds: float = 0.0


def unscraped_pods(ledger: Ledger, release: str = "") -> list[Unscraped]:
    """Workloads without an engine page; serving groups in which one pod has a page are read well enough."""
    up = _targets(ledger)
    images = _images(ledger)
    labels = _app_labels(ledger)
    lines = []
    for (cluster, namespace, workload), held in _without_page(ledger).items():
        engine = next((found for pod in sorted(held.pods) if (found := engine_of(images.get(pod, "")))), None)
        selector = _shared([labels.get(pod, {}) for pod in held.pods])
        lines.append(
            Unscraped(
                cluster,
                namespace,
                workload,
                len(held.pods),
                _reason(up, held.pods),
                engine.name if engine else "",
                held.dollars if held.is_priced else None,
                held.seconds,
                pod_monitor(namespace, workload, selector, engine, release) if engine else "",
            )
        )
    return sorted(lines, key=lambda line: (-(line.dollars or 0.0), -line.accelerator_seconds, line.workload))


def _without_page(ledger: Ledger) -> dict[tuple[str, str, str], _Workload]:
    ledger.inputs.db.register("ledger_rows", ledger.rows)
    rows = ledger.inputs.db.execute(
        """
        WITH paged AS (
            SELECT DISTINCT g.serving_group FROM pod_group AS g
            WHERE g.pod IN (SELECT pod FROM running_pod UNION SELECT pod FROM generation_pod)
        )
        SELECT r.cluster, r.namespace, r.workload, r.pod, sum(r.dollars), bool_and(r.dollars IS NOT NULL),
            sum(r.seconds)
        FROM ledger_rows AS r JOIN pod AS p ON p.cluster = r.cluster AND p.namespace = r.namespace AND p.name = r.pod
        JOIN pod_group AS g ON g.pod = p.pod ANTI JOIN paged AS s ON s.serving_group = g.serving_group
        GROUP BY ALL
        """
    ).fetchall()
    found: dict[tuple[str, str, str], _Workload] = {}
    for cluster, namespace, workload, pod, dollars, is_priced, seconds in rows:
        one = found.setdefault((cluster, namespace, workload), _Workload())
        one.pods.add((cluster, namespace, pod))
        one.dollars += dollars or 0.0
        one.is_priced = one.is_priced and is_priced
        one.seconds += seconds
    return found


def _targets(ledger: Ledger) -> dict[_Key, bool] | None:
    """Pods that are a target of the scraper, by name, else by address: whether the last scrape was answered. Nothing
    where no scraper says what its targets are."""
    last: dict[int, bool] = dict(
        ledger.inputs.db.execute(
            "SELECT series, arg_max(value, t) > 0 FROM target_up WHERE NOT isnan(value) AND t < ? GROUP BY series",
            [ledger.window.end],
        ).fetchall()
    )
    pod_of = {(row["cluster"], row["pod_ip"]): _key(row) for row in ledger.inputs.series("pod_info") if row["pod_ip"]}
    found: dict[_Key, bool] = {}
    for row in ledger.inputs.series("target_up"):
        # On a host's network many pods share an address: a target that names its pod is no other pod's.
        pod = _key(row) if row["pod"] else pod_of.get((row["cluster"], address_of(row["instance"])))
        if pod is not None:
            found[pod] = found.get(pod, False) or last.get(int(row["series"]), False)
    return found if last else None


def _key(row: dict[str, str]) -> _Key:
    return row["cluster"], row["namespace"], row["pod"]


def _reason(up: dict[_Key, bool] | None, pods: set[_Key]) -> str:
    if up is None:
        return "no page in the store"
    states = [up[pod] for pod in pods if pod in up]
    if any(states):
        return "a target answers there, without engine metrics"
    return "its target does not answer" if states else "no target"


def _images(ledger: Ledger) -> dict[_Key, str]:
    if not has(ledger.inputs, IMAGE):
        return {}
    found: dict[_Key, str] = {}
    for row in ledger.inputs.series(IMAGE):
        if _key(row) not in found or engine_of(row["image"]):  # sidecars must not hide the engine
            found[_key(row)] = row["image"]
    return found


def _app_labels(ledger: Ledger) -> dict[_Key, dict[str, str]]:
    if not has(ledger.inputs, APP):
        return {}
    return {
        _key(row): {label: row[column] for column, label in _SELECTORS.items() if row[column]}
        for row in ledger.inputs.series(APP)
    }


def _shared(labels: list[dict[str, str]]) -> dict[str, str]:
    counted = Counter(pair for one in labels for pair in one.items())
    return {label: value for (label, value), count in sorted(counted.items()) if count == len(labels)}
