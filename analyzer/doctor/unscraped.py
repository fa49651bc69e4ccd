"""Pods that hold accelerators while nobody reads the page of an engine in them, dearest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.doctor.model import Unscraped
from analyzer.doctor.monitors import ENGINES, Engine, engine_of, pod_monitor
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
_UNKNOWN_SELECTOR = {"app": "REPLACE-ME"}
_Key = tuple[str, str, str]  # cluster, namespace, pod


@dataclass(slots=True)
class _Workload:
    pods: set[_Key] = field(default_factory=set)
    dollars: float = 0.0
    is_priced: bool = True
    seconds: float = 0.0


def unscraped(ledger: Ledger, release: str = "") -> list[Unscraped]:
    """Workloads without an engine page; serving groups in which one pod has a page are read well enough."""
    up = _targets(ledger)
    images = _images(ledger)
    labels = _app_labels(ledger)
    lines = []
    for (namespace, workload), held in _without_page(ledger).items():
        engine = next((found for pod in sorted(held.pods) if (found := engine_of(images.get(pod, "")))), None)
        selector = _shared([labels.get(pod, {}) for pod in held.pods])
        lines.append(
            Unscraped(
                namespace,
                workload,
                len(held.pods),
                _reason([up.get(pod) for pod in held.pods]),
                engine.name if engine else "",
                held.dollars if held.is_priced else None,
                held.seconds,
                _monitor(namespace, workload, selector, engine or ENGINES[0], release),
            )
        )
    return sorted(lines, key=lambda line: (-(line.dollars or 0.0), -line.accelerator_seconds, line.workload))


def _without_page(ledger: Ledger) -> dict[tuple[str, str], _Workload]:
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
    found: dict[tuple[str, str], _Workload] = {}
    for cluster, namespace, workload, pod, dollars, is_priced, seconds in rows:
        one = found.setdefault((namespace, workload), _Workload())
        one.pods.add((cluster, namespace, pod))
        one.dollars += dollars or 0.0
        one.is_priced = one.is_priced and is_priced
        one.seconds += seconds
    return found


def _targets(ledger: Ledger) -> dict[_Key, bool]:
    """Pods that are a target of the scraper, by name or by address: whether the last scrape was answered."""
    last = dict(
        ledger.inputs.db.execute(
            "SELECT series, arg_max(value, t) > 0 FROM target_up WHERE NOT isnan(value) GROUP BY series"
        ).fetchall()
    )
    pod_of = {(row["cluster"], row["pod_ip"]): _key(row) for row in ledger.inputs.series("pod_info") if row["pod_ip"]}
    found: dict[_Key, bool] = {}
    for row in ledger.inputs.series("target_up"):
        named = _key(row) if row["pod"] else None
        addressed = pod_of.get((row["cluster"], address_of(row["instance"])))
        for pod in {named, addressed} - {None}:
            assert pod is not None
            found[pod] = found.get(pod, False) or bool(last.get(int(row["series"])))
    return found


def _key(row: dict[str, str]) -> _Key:
    return row["cluster"], row["namespace"], row["pod"]


def _reason(states: list[bool | None]) -> str:
    if any(states):
        return "a target answers there, and its page has no engine metrics"
    if any(state is False for state in states):
        return "its target does not answer"
    return "no target"


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


def _monitor(namespace: str, workload: str, selector: dict[str, str], engine: Engine, release: str) -> str:
    text = pod_monitor(namespace, workload, selector or _UNKNOWN_SELECTOR, engine, release)
    if selector:
        return text
    return (
        "# kube-state-metrics shows no labels of these pods: take one that they share from\n"
        f"#   kubectl -n {namespace} get pods --show-labels\n{text}"
    )
