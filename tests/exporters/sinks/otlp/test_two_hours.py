"""Two hours against a receiver in a process of its own that throttles, fails, hangs, cuts and refuses, while the sender
is killed twice: what became of every sample is known."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.exporters.sinks.otlp.sender import BEGIN, ROUND_SECONDS, ROUNDS, samples_of

ROOT = Path(__file__).parents[4]
HERE = Path(__file__).parent
KILLED_AFTER = (35, 75)
PATIENCE_SECONDS = 60.0
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "GRPC_VERBOSITY": "ERROR"}


@contextmanager
def program(name: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(HERE / name), *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_ENVIRONMENT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def rounds(folder: Path) -> int:
    file = folder / "rounds"
    return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_every_sample_is_accepted_or_counted_as_dropped_with_a_reason(protocol: str, tmp_path: Path) -> None:
    log = tmp_path / "accepted"
    with program("receiver.py", str(log), "11") as receiver:
        assert receiver.stdout
        http, grpc = receiver.stdout.readline().split()
        words = (protocol, http if protocol == "http" else grpc, str(tmp_path))
        for killed_after in KILLED_AFTER:
            with program("sender.py", *words) as sender:
                until = time.monotonic() + PATIENCE_SECONDS
                while rounds(tmp_path) < killed_after and time.monotonic() < until:
                    time.sleep(0.01)
                assert sender.poll() is None
                sender.send_signal(signal.SIGKILL)
        with program("sender.py", *words) as sender:
            told = json.loads(sender.communicate(timeout=PATIENCE_SECONDS)[0])
    check(told["offered"], told["left"], Counter(told["results"]), log)


def check(offered: int, left: int, results: Counter[str], log: Path) -> None:
    per_round = len(list(samples_of(0)))
    accepted = [json.loads(line) for line in log.read_text().splitlines()]
    by_point = {(name, json.dumps(attributes), at): samples for name, attributes, at, _, samples, _ in accepted}
    print(f"offered {offered}, {dict(results)}; points {len(by_point)}, told again {len(accepted) - len(by_point)}")
    # A kill between the note of a round and the counting of it: that round was never offered.
    assert offered in [per_round * (ROUNDS - lost) for lost in range(len(KILLED_AFTER) + 1)]
    assert left == 0
    assert results.total() == offered
    assert sum(by_point.values()) == results["accepted"]
    assert set(results) <= {"accepted", "rejected", "refused", "killed"}
    assert results["rejected"] > 0
    assert results["refused"] > 0
    rounds_seen = {round((at / 1e9 - BEGIN) / ROUND_SECONDS) for _, _, at in by_point}
    assert rounds_seen <= set(range(ROUNDS))
    assert results["accepted"] > 0.9 * offered
