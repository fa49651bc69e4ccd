"""The whole of it: targets that answer, hang, cut and break, and a Ctrl-C."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from exporters.recording.access import Access
from exporters.recording.keeper import Keeper
from exporters.recording.recorder import next_beat, record
from exporters.recording.status import Status
from exporters.recording.targets import make_target
from gpuyield.__main__ import main
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
    access = Access(2.5, ssl.create_default_context())
    record([slow, *targets], access.fetcher, keeper, status, lambda: time.monotonic() > end)
    counted = values(tmp_path / "s", "n", "/count")
    assert counted == target.answered
    assert len(counted) >= 8
    assert set(values(tmp_path / "s", "up", "/count")) == {1}
    for path in paths[1:]:
        assert set(values(tmp_path / "s", "up", path)) == {0}
    assert set(values(tmp_path / "s", "up", "slow")) == {0}
    assert len(said) == len(paths)


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


def start(target: FakeTarget, store: Path, page: str) -> subprocess.Popen[str]:
    words = ["--target", target.url(page), "--store", str(store), "--interval", "30s"]
    return subprocess.Popen(
        [sys.executable, "-m", "gpuyield", "record", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_answer_that_comes_after_the_signal_is_kept(target: FakeTarget, tmp_path: Path) -> None:
    with start(target, tmp_path / "s", "/late") as process:
        assert target.late.wait(30)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert values(tmp_path / "s", "n", target.place) == target.answered == [1]


def test_a_second_signal_does_not_wait(target: FakeTarget, tmp_path: Path) -> None:
    with start(target, tmp_path / "s", "/hang") as process:
        patience = time.monotonic() + 30
        while not target.seen and time.monotonic() < patience:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
    assert process.returncode == 0


def test_no_page_at_all(target: FakeTarget, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--target", target.url("/500?secret"), "--store", str(tmp_path / "s"), "--for", "300ms"]
    assert main(["record", *words]) == 3
    err = capsys.readouterr().err
    assert f"the last to fail was http://{target.place}/500: status 500" in err
    assert "secret" not in err
    assert values(tmp_path / "s", "up", target.place) == [0]


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
