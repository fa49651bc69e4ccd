"""What Prometheus, Alertmanager and Grafana of the stack read.

`python -m dashboards.stack.files FOLDER` writes all of it into a folder that is there, for `compose.yaml`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dashboards.stack.child import do
from exporters.whole_file import write_whole

INTERVAL_SECONDS = 5.0
TARGETS = "targets.json"
HISTORY = "history.om"
PROMETHEUS = "prometheus.yml"
RULES = "rules"
BOARDS = "boards"
_STATE_METRICS = "kube-state-metrics"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """HOST:PORT of each server, as the others reach it. The defaults are those of `compose.yaml`."""

    prometheus: str = "127.0.0.1:9090"
    alertmanager: str = "127.0.0.1:9093"
    publish: str = "127.0.0.1:19401"


def write_prometheus(folder: Path, places: Places) -> None:
    write_whole(folder / PROMETHEUS, yaml.safe_dump(prometheus(folder, places), sort_keys=False).encode())


def write_rules_and_boards(folder: Path) -> None:
    """As a user would make them; Alertmanager's configuration is among the rules."""
    for verb, into in (("rules", RULES), ("boards", BOARDS)):
        do(f"gpuyield {verb} write", sys.executable, "-m", "gpuyield", verb, "write", folder / into)


def prometheus(folder: Path, places: Places) -> Json:
    """Content of prometheus.yml."""
    pages = {"file_sd_configs": [{"files": [str(folder / TARGETS)], "refresh_interval": "5s"}]}
    state_metrics = {"source_labels": ["job"], "regex": _STATE_METRICS}
    servers = {"prometheus": places.prometheus, "alertmanager": places.alertmanager, "gpuyield-publish": places.publish}
    own = [{"job_name": name, "static_configs": [{"targets": [place]}]} for name, place in servers.items()]
    return {
        "global": {"scrape_interval": f"{INTERVAL_SECONDS:g}s", "evaluation_interval": "15s"},
        "rule_files": [str(folder / RULES / "gpuyield.rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [places.alertmanager]}]}]},
        "scrape_configs": [
            {"job_name": "fleet", **pages, "relabel_configs": [{**state_metrics, "action": "drop"}]},
            # It speaks of pods that are not its own: their labels win over those of its target.
            {
                "job_name": _STATE_METRICS,
                "honor_labels": True,
                **pages,
                "relabel_configs": [{**state_metrics, "action": "keep"}],
            },
            *own,
        ],
    }


if __name__ == "__main__":
    write_prometheus(Path(sys.argv[1]), Places())
    write_rules_and_boards(Path(sys.argv[1]))
