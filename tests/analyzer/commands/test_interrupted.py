"""Ctrl-C ends it at once, whatever the server does, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.analyzer.commands.conftest import PERIOD, Start
from tests.analyzer.stores.prometheus import go_between
from tests.analyzer.stores.prometheus.conftest import Asked, Reply
from tests.analyzer.stores.prometheus.go_between import READ, GoBetween

PATIENCE_SECONDS = 30  # far below the time limit of a request, which is what a stuck one would take


@pytest.mark.parametrize("hangs_at", ["/api/v1/query", "/api/v1/label/__name__/values", READ])
def test_ctrl_c_with_a_server_that_hangs(start: Start, real: str, tmp_path: Path, hangs_at: str) -> None:
    hanging: list[Asked] = []

    def spoil(asked: Asked) -> Reply | None:
        is_probe = asked.path == READ and len(asked.body) < 80
        if asked.path != hangs_at or is_probe:
            return None
        hanging.append(asked)
        return go_between.hanging(asked)

    (tmp_path / "tmp").mkdir()
    words = ["advise", "--prometheus", start(GoBetween(real, spoil)).url, *PERIOD]
    if hangs_at == READ:
        words += ["--save", str(tmp_path / "kept")]
    process = subprocess.Popen(
        [sys.executable, "-m", "gpuyield", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    until = time.monotonic() + PATIENCE_SECONDS
    while not hanging and time.monotonic() < until:
        time.sleep(0.05)
    assert hanging
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (130, b"")
    assert err.splitlines()[-1] == b"gpuyield advise: interrupted"
    assert b"Traceback" not in err
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]
