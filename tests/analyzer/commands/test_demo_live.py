"""`gpuyield demo --live`: real pages while it runs, a report at the end, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from gpuyield.__main__ import main

pytest.importorskip("grpc")
pytest.importorskip("pynvml")

_WATCHED_SECONDS = 20
_DEVICES = 8 + 1 + 16
# The same command, with three nodes: eight whole GPUs, one with MIG, and Trainium.
_SMALL = """
import sys
from exporters.simulation import large_pool, live, shared_pool
from gpuyield.__main__ import main
live.week = lambda cast: [large_pool.chat(cast), shared_pool.slices(cast)]
sys.exit(main(sys.argv[1:]))
"""
_URL = re.compile(r"  (http://\S+)    (\S+)")


def _urls(err: IO[str]) -> dict[str, str]:
    """What it says that is to be looked at, by name."""
    found = {}
    for line in err:
        if match := _URL.search(line):
            found[match[2].rstrip(",")] = match[1]
        if "Ctrl-C ends it" in line:
            break
    return found


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
        return body.decode()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("this system has no /proc")
    found = []
    for task in tasks.iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def _is_taken(url: str) -> bool:
    place = urlsplit(url)
    with socket.socket() as knocking:
        return knocking.connect_ex((place.hostname, place.port)) == 0


def test_it_runs_until_ctrl_c_and_reports_what_it_saw(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    began = time.time()
    process = subprocess.Popen(
        [sys.executable, "-c", _SMALL, "demo", "--live", "--minutes", "10", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    try:
        assert process.stderr is not None
        urls = _urls(process.stderr)
        time.sleep(_WATCHED_SECONDS)
        pages = {name: _get(url) for name, url in urls.items()}
        children = _children(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait(20)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    _check_pages(pages)
    _check_report(json.loads(out), time.time() - began)
    assert children  # neuron-monitor
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert not [url for url in urls.values() if _is_taken(url)]
    assert list(folder.iterdir()) == []


def _check_pages(pages: dict[str, str]) -> None:
    whole, cut, trainium, engine, state = pages.values()
    assert whole.count("gpuyield_accelerator_compute_active_ratio{") == 8
    assert "gpuyield_efa_tx_bytes_total{" in whole
    assert 'mig_profile="2g.48gb"' in cut
    assert trainium.count("gpuyield_accelerator_info{") == 16
    for page in (whole, cut, trainium):
        assert "gpuyield_accelerator_allocation{" in page
    assert "vllm:generation_tokens_total{" in engine
    assert "kube_pod_info{" in state


def _check_report(report: dict[str, object], most_seconds: float) -> None:
    window, ledger, bill = report["window"], report["ledger"], report["bill"]
    assert isinstance(window, dict)
    assert isinstance(ledger, list)
    assert isinstance(bill, dict)
    start, end = (datetime.fromisoformat(window[edge]).timestamp() for edge in ("start", "end"))
    assert _WATCHED_SECONDS / 2 < end - start < most_seconds
    seconds = math.fsum(line["accelerator_seconds"] for line in ledger)
    assert seconds == pytest.approx(_DEVICES * (end - start), rel=0.01)
    assert math.fsum(line["dollars"] for line in ledger) == pytest.approx(bill["dollars"]["value"])
    working = math.fsum(line["accelerator_seconds"] for line in ledger if line["state"].startswith("active"))
    assert working > 16 * (end - start) * 0.8  # Trainium never pauses


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--minutes", "0"], "write a number from 0.25 to 1440"),
        (["--listen", "nowhere"], "write HOST:PORT"),
    ],
)
def test_a_wrong_option_is_said(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--live", *words])
    assert says in capsys.readouterr().err


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["demo", "--live", "--listen", f"127.0.0.1:{port}"]) == 2
    assert "give another --listen" in capsys.readouterr().err
