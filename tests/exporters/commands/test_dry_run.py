"""`gpuyield export node --dry-run` as a user runs it: a table of what would be sent, and nothing is sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXPORT = [sys.executable, "-m", "gpuyield", "export", "node", "--node-name", "n", "--sources", "efa", "--dry-run"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    # No credentials, no region and a proxy that is not there: whatever is sent fails.
    without = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**without, "HTTPS_PROXY": "http://127.0.0.1:9"}
    command = [*EXPORT, *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_it_says_what_each_sink_would_send_and_cost(tmp_path: Path) -> None:
    device = tmp_path / "class/infiniband/rdmap0s31"
    for name, text in {"device/vendor": "0x1d0f", "device/device": "0xefa2", "hw_counters/rx_bytes": "5"}.items():
        (device / name).parent.mkdir(parents=True, exist_ok=True)
        (device / name).write_text(f"{text}\n")
    logs, data = "cloudwatch:cluster=prod", "cloudwatch:cluster=prod,through=data"
    done = run("--sysfs", str(tmp_path), "--sink", logs, "--sink", data)
    assert done.returncode == 0, done.stderr
    head, titles, first, second, *_ = done.stdout.splitlines()
    assert head.endswith("samples every 10 s")
    assert titles.split() == ["sink", "series", "requests/hour", "GB/month", "$/month"]
    assert (first.split()[0], second.split()[0]) == ("cloudwatch", "cloudwatch-2")
    assert int(first.split()[1]) == int(second.split()[1]) > 0
    assert float(first.split()[4]) > 0


def test_without_a_sink_it_says_what_to_give() -> None:
    done = run()
    assert done.returncode == 2
    assert "give --sink NAME" in done.stderr
