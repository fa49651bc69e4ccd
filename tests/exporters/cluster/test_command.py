"""`gpuyield export cluster`: what it takes, and what it says where there is no cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXPORT = [sys.executable, "-m", "gpuyield", "export", "cluster"]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EXPORT, *words],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": "no-such-file", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_cluster_it_says_where_it_looked() -> None:
    done = run()
    assert done.returncode == 2
    assert "no context in no-such-file" in done.stderr
    assert "set KUBECONFIG" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_a_pod_it_needs_no_name_of_a_node() -> None:
    done = run("--listen", "x", KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert (done.returncode, "--listen: write HOST:PORT" in done.stderr) == (2, True)


def test_it_has_only_the_settings_that_mean_something_here() -> None:
    words = run("--help").stdout
    assert "--context NAME" in words
    assert "--listen" in words
    assert "--kubelet-socket" not in words
    assert run("--kubelet-socket", "/x").returncode == 2
