"""The whole of it: targets that answer, hang, cut and break, and a Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from exporters.recording.keeper import Keeper
from exporters.recording.recorder import next_beat, record
from exporters.recording.status import Status
from exporters.recording.targets import make_target
from tests.exporters.recording.conftest import FakeTarget

ROOT = Path(__file__).resolve().parents[3]


def values(store: Path, name: str, instance: str) -> list[float]:
    """In the order of time."""
    query = (
        f"select s.value from '{store}/samples/*/*.parquet' s"
        f" join (select distinct series, labels from '{store}/series/*.parquet') l using (series)"
        " where s.name = ? and l.labels->>'instance' = ? order by s.at"
    )
    with duckdb.connect() as db:
        return [float(row[0]) for row in db.execute(query, [name, instance]).fetchall()]


def test_bad_targets_do_not_delay_a_good_one(target: FakeTarget, tmp_path: Path) -> None:
    said: list[str] = []
    paths = ["/count", "/hang", "/cut", "/500", "/drip"]
    targets = [make_target(target.url(path), {"instance": path}, 0.1) for path in paths]
    slow = make_target(target.url("/hang"), {"instance": "slow"}, 60)
    keeper, status = Keeper(tmp_path / "s", said.append), Status(said.append)
    end = time.monotonic() + 1.5
    record([*targets, slow], keeper, status, lambda: time.monotonic() > end, timeout_seconds=10)
    counted = values(tmp_path / "s", "n", "/count")
    assert counted == target.answered
    assert len(counted) >= 8
    assert set(values(tmp_path / "s", "up", "/count")) == {1}
    for path in paths[1:]:
        assert set(values(tmp_path / "s", "up", path)) == {0}
    assert len(said) == len(paths) - 1


def test_beats_that_were_missed_are_left_out() -> None:
    assert next_beat(10, 5, 10.1) == 15
    assert next_beat(10, 5, 26) == 30
    assert next_beat(10, 5, 9) == 15


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_everything_written(target: FakeTarget, tmp_path: Path, number: signal.Signals) -> None:
    words = ["--target", f"http://u:secret@{target.place}/count?secret", "--store", str(tmp_path / "s")]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "gpuyield", "record", *words, "--interval", "100ms"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        patience = time.monotonic() + 30
        while len(target.answered) < 8 and time.monotonic() < patience:
            target.broken = not target.broken and len(target.answered) >= 3
            time.sleep(0.25)
        target.broken = False
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert out.count("\n") == 1
    assert "is down: status 500" in err
    assert "secret" not in out + err
    counted = [value for value in values(tmp_path / "s", "n", target.place) if value == value]
    assert counted == target.answered
    assert len(counted) >= 8


def test_for_ends_it(target: FakeTarget, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(f"[{{targets: ['{target.place}'], labels: {{instance: x}}}}]")
    words = ["--targets", str(tmp_path / "t.yaml"), "--store", str(tmp_path / "s"), "--for", "500ms"]
    done = subprocess.run(
        [sys.executable, "-m", "gpuyield", "record", *words, "--label", "team=t"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout.startswith("recorded 5 samples of 5 series in 1 scrapes (0 failed)")
    assert values(tmp_path / "s", "b", "x") == [2]
