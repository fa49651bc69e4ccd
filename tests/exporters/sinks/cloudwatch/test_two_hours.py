"""Two hours with throttling, errors, hangs, cut connections and killed processes: no sample is unaccounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporters.sinks.cloudwatch.sink import DATA, LOGS
from exporters.sinks.delivery.state import StateFiles
from exporters.sinks.delivery.tally import KILLED
from tests.cloudwatch_double.faults import TAKEN_UNSAID, Fault, seeded
from tests.cloudwatch_double.server import CloudWatchDouble, Request, cloudwatch
from tests.exporters.sinks.cloudwatch.conftest import START
from tests.exporters.sinks.cloudwatch.sender import BEATS, GPUS, SAMPLES_PER_BEAT, TOO_LATE

ROOT = Path(__file__).parents[4]
FAULTS = {
    Fault.THROTTLE: 0.30,
    Fault.ERROR: 0.06,
    Fault.ERROR_AFTER: 0.03,
    Fault.HANG: 0.02,
    Fault.HANG_AFTER: 0.02,
    Fault.CUT: 0.04,
    Fault.CUT_AFTER: 0.03,
}
KILLED_AFTER = (143, 331, 520)  # beats
PATIENCE_SECONDS = 120


@contextmanager
def sender(double: CloudWatchDouble, through: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [double.url, through, str(folder / "spool"), str(folder / "journal")]
    command = [sys.executable, "-m", "tests.exporters.sinks.cloudwatch.sender", *words]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "AWS_MAX_ATTEMPTS": "1"})
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def run_to_its_end(double: CloudWatchDouble, through: str, folder: Path) -> None:
    """Killed where it stands after some beats, and started again."""
    journal = folder / "journal"
    journal.touch()
    until = time.monotonic() + PATIENCE_SECONDS
    for beat in KILLED_AFTER:
        with sender(double, through, folder) as process:
            while f"taken {beat}\n" not in journal.read_text():
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.003)
    with sender(double, through, folder) as process:
        assert process.wait(PATIENCE_SECONDS) == 0


def arrived(double: CloudWatchDouble) -> Counter[tuple[str, str, float]]:
    """(metric, device, beat): how often the service counts that sample."""
    found: Counter[tuple[str, str, float]] = Counter()
    for (_, metric, dimensions), points in double.metrics.points.items():
        if uuid := dict(dimensions).get("uuid"):
            for point in points.values():
                found.update({(metric, uuid, value): int(count) for value, count in point.values.items()})
    return found


def copies(requests: list[Request]) -> Iterator[list[Request]]:
    """Requests with the same content, in their order."""
    found: dict[str, list[Request]] = {}
    for request in requests:
        found.setdefault(json.dumps(request.body, default=str), []).append(request)
    yield from found.values()


@pytest.mark.parametrize("through", [LOGS, DATA])
def test_every_sample_is_accepted_once_or_counted_as_dropped(tmp_path: Path, through: str) -> None:
    with cloudwatch(lambda: START + 3600, seeded(7, FAULTS)) as double:
        run_to_its_end(double, through, tmp_path)
        sent = [one for one in double.requests if one.operation in ("PutLogEvents", "PutMetricData")]
        taken = [one for one in double.taken if one.operation in ("PutLogEvents", "PutMetricData")]
        found = arrived(double)
    tally = StateFiles(tmp_path / "spool").read()
    offered = BEATS * SAMPLES_PER_BEAT
    faults = Counter(one.fault for one in sent)
    print(f"{through}: {len(sent)} requests, {dict(faults)}; offered {offered}, {tally}")

    assert double.extraction.errors == []
    assert all(faults[fault] for fault in FAULTS)
    assert tally.offered == tally.accepted + sum(tally.dropped.values())
    missed = offered - tally.offered  # handed over in the moment of the kill, before it was counted
    assert missed in range(0, len(KILLED_AFTER) * SAMPLES_PER_BEAT + 1, SAMPLES_PER_BEAT)
    assert tally.dropped.keys() <= {KILLED}
    assert len(found) == tally.accepted
    assert tally.dropped.get(KILLED, 0) <= len(KILLED_AFTER) * 9 * SAMPLES_PER_BEAT  # a minute, and its settling

    # Twice is only what the service took without saying so, be it that the sender was killed before it heard.
    twice = [requests for requests in copies(taken) if len(requests) > 1]
    unheard = sum(request.fault not in TAKEN_UNSAID for requests in twice for request in requests[:-1])
    slow = (tmp_path / "journal").read_text().count(TOO_LATE) - faults[Fault.HANG] - faults[Fault.HANG_AFTER]
    assert unheard <= len(KILLED_AFTER) + max(0, slow)
    assert twice
    assert {count for count in found.values() if count > 1} != set()
    assert sum(found.values()) - len(found) <= sum(len(requests) - 1 for requests in twice) * 7 * 2 * GPUS
