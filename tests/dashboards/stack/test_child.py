"""A program of the stack that ends, and one that does not want to."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dashboards.stack.child import Child, StackError, do, end_all, wait_for


def _ended(child: Child) -> bool:
    try:
        child.check()
    except StackError:
        return True
    return False


def _shell(tmp_path: Path, script: str) -> Child:
    return Child("clock", tmp_path / "clock.log", ("sh", "-c", script))


def test_one_that_fails_is_said_with_its_code_and_only_its_last_lines(tmp_path: Path) -> None:
    child = _shell(tmp_path, "seq 100; echo out of time >&2; exit 3")
    wait_for(lambda: _ended(child), "its end", 20, lambda: None)
    with pytest.raises(StackError, match=r"^clock ended \(exit code 3\); its last lines:\n(  \d+\n)+  out of time$"):
        child.check()
    end_all([child])


def test_one_that_said_nothing_is_said_to(tmp_path: Path) -> None:
    child = _shell(tmp_path, "kill -9 $$")
    wait_for(lambda: _ended(child), "its end", 20, lambda: None)
    with pytest.raises(StackError, match=r"clock ended \(signal SIGKILL\); its last lines:\n  \(it printed nothing\)"):
        child.check()
    end_all([child])


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    child = _shell(tmp_path, "trap '' TERM; sleep 1000 & echo $! > '" + str(tmp_path / "pid") + "'; exit 0")
    wait_for(lambda: _ended(child), "its end", 20, lambda: None)
    grandchild = Path("/proc") / (tmp_path / "pid").read_text().strip()
    end_all([child])
    until = time.monotonic() + 10
    while grandchild.exists() and "Z" not in (grandchild / "stat").read_text().split()[2]:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_does_not_come_is_said(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"tomorrow is not there after 0\.2 s"):
        wait_for(lambda: False, "tomorrow", 0.2, lambda: None)


def test_a_step_that_fails_is_said_with_what_it_printed() -> None:
    with pytest.raises(StackError, match=r"the check failed \(exit code 4\):\n  no such rule"):
        do("the check", "sh", "-c", "echo no such rule >&2; exit 4")
