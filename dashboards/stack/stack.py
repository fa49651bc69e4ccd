"""The programs of the stack: in which order they start, what each is told, and when it is ready."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from dashboards.stack.binaries import Binaries
from dashboards.stack.child import Child, answers, do, end_all, wait_for
from dashboards.stack.files import (
    BOARDS,
    HISTORY,
    PROMETHEUS,
    RULES,
    TARGETS,
    Places,
    write_prometheus,
    write_rules_and_boards,
)

HISTORY_MINUTES = 15
HAS_ADVISOR = find_spec("dashboards.commands.advisor") is not None
_FLEET_SECONDS, _SERVER_SECONDS = 90.0, 60.0
_SLO = ("--slo", "ttft=0.5", "--slo", "tpot=0.05")
_VERB = (sys.executable, "-m", "gpuyield")


class Stopped(Exception):
    """A signal came before all was ready."""


@dataclass(slots=True)
class Stack:
    """`is_stopped` is asked while it starts, and ends that by `Stopped`."""

    binaries: Binaries
    folder: Path
    is_stopped: Callable[[], bool]
    children: list[Child] = field(default_factory=list)
    places: Places = field(init=False)
    advisor: str = field(init=False)

    def start(self) -> None:
        """Gives back when all answer."""
        (self.folder / "logs").mkdir()
        (self.folder / "data").mkdir()
        fleet = (sys.executable, "-m", "dashboards.stack.fleet", self.folder)
        self._begin("fleet", *fleet, f"--history-minutes={HISTORY_MINUTES}")
        write_rules_and_boards(self.folder)
        self._wait("the fleet", _FLEET_SECONDS, (self.folder / TARGETS).exists)
        # Only now: what is free before the fleet listens may be what it gets.
        *servers, self.advisor = _free_places(4)
        self.places = Places(*servers)
        write_prometheus(self.folder, self.places)
        history, blocks = self.folder / HISTORY, self.folder / "data" / "prometheus"
        do("promtool", self.binaries.promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", history, blocks)
        history.unlink()
        self._start_servers(blocks)
        self._start_readers()

    def _start_servers(self, blocks: Path) -> None:
        places, rules = self.places, self.folder / RULES
        self._begin(
            "alertmanager",
            self.binaries.alertmanager,
            f"--config.file={rules / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'data' / 'alertmanager'}",
            f"--web.listen-address={places.alertmanager}",
            "--cluster.listen-address=",  # it has no peers
        )
        self._begin(
            "prometheus",
            self.binaries.prometheus,
            f"--config.file={self.folder / PROMETHEUS}",
            f"--storage.tsdb.path={blocks}",
            f"--web.listen-address={places.prometheus}",
        )
        for name, place in (("alertmanager", places.alertmanager), ("prometheus", places.prometheus)):
            self._wait_for_page(name, f"http://{place}/-/ready")

    def _start_readers(self) -> None:
        source = ("--prometheus", f"http://{self.places.prometheus}")
        state = ("--state", self.folder / "data" / "publish.state")
        pace = ("--interval", "10s", "--settle", "10s")
        self._begin("publish", *_VERB, "publish", *source, *state, *pace, *_SLO, "--listen", self.places.publish)
        if HAS_ADVISOR:
            self._begin("advisor", *_VERB, "advisor", *source, *_SLO, "--listen", self.advisor)
        self._wait_for_page("publish", f"http://{self.places.publish}/metrics")
        if HAS_ADVISOR:
            self._wait_for_page("advisor", f"http://{self.advisor}/_stcore/health")

    def check(self) -> None:
        """Raises where a program has ended."""
        for child in self.children:
            child.check()

    def stop(self) -> None:
        end_all(self.children)

    @property
    def boards(self) -> Path:
        return self.folder / BOARDS

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def _begin(self, name: str, *command: str | Path) -> None:
        self.children.append(Child(name, self.logs / f"{name}.log", command))

    def _wait_for_page(self, name: str, url: str) -> None:
        self._wait(f"{name} at {url}", _SERVER_SECONDS, lambda: answers(url))

    def _wait(self, what: str, seconds: float, is_there: Callable[[], bool]) -> None:
        def watch() -> None:
            self.check()
            if self.is_stopped():
                raise Stopped

        wait_for(is_there, what, seconds, watch)


def _free_places(count: int) -> list[str]:
    """All held at once, so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    places = [f"127.0.0.1:{one.getsockname()[1]}" for one in held]
    for one in held:
        one.close()
    return places
