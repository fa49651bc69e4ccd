"""The object that makes prometheus-operator scrape an engine: a PodMonitor with everything filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class Engine:
    """A serving engine by its image, and where its page is by default."""

    name: str
    image: str  # regular expression, anywhere in the image's name
    port: int
    path: str


# Ports and paths: the engines' documented defaults.
ENGINES: tuple[Engine, ...] = (
    Engine("vllm", r"vllm", 8000, "/metrics"),
    Engine("sglang", r"sglang|lmsysorg", 30000, "/metrics"),
    Engine("nim", r"nvcr\.io/nim/", 8000, "/v1/metrics"),
)


def engine_of(image: str) -> Engine | None:
    """The engine that an image is, if it is a known one."""
    return next((engine for engine in ENGINES if re.search(engine.image, image)), None)


def pod_monitor(namespace: str, workload: str, selector: dict[str, str], engine: Engine, release: str = "") -> str:
    """A PodMonitor as YAML. `selector` are labels of the pods; `release` is the label by which a
    kube-prometheus-stack picks its monitors, empty where there is none."""
    monitor = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {
            "name": _object_name(workload),
            "namespace": namespace,
            **({"labels": {"release": release}} if release else {}),
        },
        "spec": {
            "selector": {"matchLabels": selector},
            "podMetricsEndpoints": [{"portNumber": engine.port, "path": engine.path, "interval": "15s"}],
        },
    }
    text: str = yaml.safe_dump(monitor, sort_keys=False)
    return text


def _object_name(workload: str) -> str:
    """A legal name: lower case, digits, dashes, at most 63 characters."""
    return re.sub(r"[^a-z0-9-]+", "-", workload.lower()).strip("-")[:63] or "engine"
