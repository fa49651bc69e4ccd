"""The object that makes prometheus-operator scrape an engine: a PodMonitor with everything filled in.

A PodMonitor and no ServiceMonitor: workers, and engines behind a router, often have no Service with a metrics port,
and a Service's labels are not known here, while those of the pods are.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import yaml

from analyzer.report.look import plain
from exporters.upstream import families


@dataclass(frozen=True, slots=True)
class Engine:
    """A serving engine by its image, and where its page is by default. `family`: the declarations that read it."""

    name: str
    family: str
    image: str  # regular expression, anywhere in the image's name
    port: int
    path: str
    needs: str = ""  # what it must be started with to have a page


# Ports and paths: the engines' documented defaults. Under Ray, vLLM's page is that of the Ray node.
ENGINES: tuple[Engine, ...] = (
    Engine("vLLM in Ray", "vllm", r"rayproject/ray-llm\b", 8080, "/metrics"),
    Engine("vLLM", "vllm", r"vllm", 8000, "/metrics"),
    Engine("SGLang", "sglang", r"sglang|lmsysorg/", 30000, "/metrics", "--enable-metrics"),
    Engine("NIM", "nim", r"nvcr\.io/nim/", 8000, "/v1/metrics"),
)


def engine_of(image: str) -> Engine | None:
    """The engine that an image is, if it is one that gpuyield reads."""
    return next((one for one in ENGINES if one.family in families() and re.search(one.image, image)), None)


def pod_monitor(namespace: str, workload: str, selector: dict[str, str], engine: Engine, release: str = "") -> str:
    """A PodMonitor as YAML. `selector` are labels of the pods, with a place to fill in where none are known;
    `release` is the label by which a kube-prometheus-stack picks its monitors, empty where there is none."""
    monitor = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {
            "name": _object_name(workload),
            "namespace": namespace,
            **({"labels": {"release": release}} if release else {}),
        },
        "spec": {
            "selector": {"matchLabels": selector or {"app": "REPLACE-ME"}},
            # Not portNumber: operators before 2025 drop it unseen, and then scrape every port.
            "podMetricsEndpoints": [{"targetPort": engine.port, "path": engine.path, "interval": "15s"}],
        },
    }
    text: str = yaml.safe_dump(monitor, sort_keys=False)
    return "".join(f"# {line}\n" for line in _remarks(namespace, bool(selector), engine)) + text


def _remarks(namespace: str, has_selector: bool, engine: Engine) -> list[str]:
    said = [f"{engine.port} must be among the ports of the pods' container (containerPort)."]
    if engine.needs:
        said.append(f"{engine.name} has a page only when it is started with {engine.needs}.")
    if not has_selector:
        said += [
            "kube-state-metrics shows no labels that these pods share; take one from",
            f"  kubectl -n {shlex.quote(plain(namespace))} get pods --show-labels",
        ]
    return said


def _object_name(workload: str) -> str:
    """A legal name: lower case, digits, dashes, at most 63 characters."""
    return re.sub(r"[^a-z0-9-]+", "-", workload.lower())[:63].strip("-") or "engine"
