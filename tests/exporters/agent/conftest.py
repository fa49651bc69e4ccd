"""Sources that do as they are told, and agents with a fast rhythm to read them."""

from __future__ import annotations

import io
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Event, Lock

import pytest

from exporters.agent.agent import Agent
from exporters.agent.log import Level, Log, LogFormat
from exporters.agent.sampling import Rhythm
from exporters.agent.settings import Address, Settings
from exporters.canonical.device import busy_ratio
from exporters.metric import Metric, Sample
from exporters.pages.parser import Format, PageParser
from exporters.sinks.sink import PushSink
from exporters.source import Roster, Source

FAST = Rhythm(interval_seconds=0.05, deadline_seconds=0.25, roster_seconds=0.05)
PATIENCE_SECONDS = 20.0


class Card:
    """A source of one device. `answers` is what it says or raises next; `hang` keeps every reading until it is set."""

    metrics: tuple[Metric, ...] = (busy_ratio,)

    def __init__(self, uuid: str, value: float = 0.5) -> None:
        self.answers: Iterable[Sample] | Exception = [busy_ratio.sample(value, 0, uuid=uuid, mig="")]
        self.go_on = Event()
        self.go_on.set()
        self.readings = self.at_once = self.most_at_once = 0
        self._lock = Lock()

    def read(self) -> Iterable[Sample]:
        with self._lock:
            self.readings += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.go_on.wait()
            if isinstance(self.answers, Exception):
                raise self.answers
            return self.answers
        finally:
            with self._lock:
                self.at_once -= 1


class Slots:
    """A roster whose cards are put in and pulled out by the test."""

    def __init__(self, name: str, **cards: Source) -> None:
        self._name = name
        self.found: Mapping[str, Source] | Exception = {f"{name}/{card}": source for card, source in cards.items()}
        self.go_on = Event()
        self.go_on.set()

    @property
    def name(self) -> str:
        return self._name

    def sources(self) -> Mapping[str, Source]:
        self.go_on.wait()
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Logged(io.StringIO):
    """What was logged, line by line."""

    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        return 1_795_000_000.0 + self.now

    def monotonic(self) -> float:
        return self.now


def log_into(out: io.StringIO, form: LogFormat = LogFormat.LOGFMT) -> Log:
    return Log(out, form, Level.DEBUG, time)


Start = Callable[..., Agent]


@pytest.fixture
def logged() -> Logged:
    return Logged()


@pytest.fixture
def start(logged: Logged) -> Iterator[Start]:
    """Starts agents of these rosters on free ports, and stops them after the test."""
    started: list[Agent] = []

    def begin(
        *rosters: Roster, web_config: Path | None = None, sinks: tuple[PushSink, ...] = (), rhythm: Rhythm = FAST
    ) -> Agent:
        settings = Settings(node_name="node-1", listen=Address("127.0.0.1", 0), web_config=web_config)
        agent = Agent(settings, rosters, sinks=sinks, log=log_into(logged), rhythm=rhythm)
        started.append(agent)
        agent.start()
        return agent

    yield begin
    for agent in started:
        agent.stop()


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until it is so; a test that waits longer fails."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


def get(url: str, **headers: str) -> bytes:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


Page = dict[tuple[str, str], float]


def page_of(agent: Agent) -> Page:
    """Values by metric (without prefix) and by the one label that tells: the source or the uuid."""
    page = PageParser().parse(get(f"{agent.url}/metrics"), time.time(), Format.TEXT)
    found: Page = {}
    for series, value in zip(page.series, page.values, strict=True):
        labels = dict(series.labels)
        found[series.name.removeprefix("gpuyield_"), labels.get("source") or labels.get("uuid") or ""] = value
    return found


def up(agent: Agent, source: str) -> float | None:
    """1, 0, or None where the page does not say."""
    return page_of(agent).get(("source_up", source))


def busy(agent: Agent, uuid: str) -> float | None:
    return page_of(agent).get(("accelerator_busy_ratio", uuid))
