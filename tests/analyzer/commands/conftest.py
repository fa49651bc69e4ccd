"""A small fleet as a store folder and behind a real Prometheus, for what the command line makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpuyield.__main__ import main
from tests.analyzer.conftest import START, Scene
from tests.analyzer.stores.prometheus.conftest import Play, Replay
from tests.analyzer.stores.prometheus.small_fleet import END, add_fleet
from tests.real_servers import prometheus, prometheus_binaries

PERIOD = ("--start", str(START), "--end", str(END))
SECRET = "hunter2hunter2"


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet") / "store"
    add_fleet(Scene()).store(folder)
    return folder


@pytest.fixture(scope="session")
def real(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")
    with prometheus(prometheus_binaries()[0], fleet, tmp_path_factory.mktemp("prometheus")) as running:
        yield running.url


Start = Callable[[Play], Replay]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a double for one test."""
    running: list[Replay] = []

    def begin(play: Play) -> Replay:
        running.append(Replay(play))
        return running[-1]

    yield begin
    for one in running:
        one.close()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; gives exit code, stdout, stderr, and sees that the secret is in neither."""

    def begin(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        told = capsys.readouterr()
        assert SECRET not in told.out + told.err
        return code, told.out, told.err

    return begin
