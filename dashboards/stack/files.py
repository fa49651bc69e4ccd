"""What Prometheus, Alertmanager and Grafana of the stack read: `python -m dashboards.stack.files FOLDER` writes it all.

Rules and boards come from `gpuyield rules write` and `gpuyield boards write`, as a user would make them.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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


def write_files(folder: Path, places: Places) -> None:
    """Raises CalledProcessError with what a verb said."""
    folder.mkdir(parents=True, exist_ok=True)
    content = yaml.safe_dump(prometheus(folder, places), sort_keys=False)
    write_whole(folder / PROMETHEUS, content.encode())
    for words in (("rules", "write", folder / RULES), ("boards", "write", folder / BOARDS)):
        subprocess.run([sys.executable, "-m", "gpuyield", *words], check=True, stderr=subprocess.PIPE, text=True)


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
    write_files(Path(sys.argv[1]), Places())
