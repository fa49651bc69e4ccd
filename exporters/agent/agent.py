"""The agent put together: sources are read, what they say is served."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Protocol, runtime_checkable

from exporters.agent.clock import Clock
from exporters.agent.crew import Crew
from exporters.agent.log import Log
from exporters.agent.pushing import Pusher
from exporters.agent.sampling import Rhythm, Surroundings
from exporters.agent.settings import Settings
from exporters.agent.site import Site
from exporters.agent.snapshot import Snapshot
from exporters.agent.web import WebServer
from exporters.agent.web_config import WebConfigFile
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.sinks.sink import PushSink
from exporters.source import Roster

_ENDING_SECONDS = 1.0
_FLUSHING_SECONDS = 5.0  # for sinks that keep samples: well within the 30 that Kubernetes gives


@runtime_checkable
class Closes(Protocol):
    """A roster that holds something which does not end with its threads, such as a child process."""

    def close(self) -> None:
        """Lets go of it."""


class Agent:
    """Of one node or one cluster, in this process. The rosters that come first win where two sources tell of the same
    series. `subject`: a sentence that says whose page it is."""

    def __init__(
        self,
        settings: Settings,
        rosters: Sequence[Roster],
        clock: Clock = time,
        *,
        sinks: Sequence[PushSink] = (),
        subject: str = "",
        log: Log | None = None,
        rhythm: Rhythm | None = None,
    ) -> None:
        self.log = log or Log(sys.stderr, settings.log_format, settings.log_level, clock)
        self.snapshot = Snapshot(clock)
        self._stop = Event()
        around = Surroundings(
            rhythm or Rhythm.of(settings.interval_seconds), self.snapshot, self.log, clock, self._stop
        )
        self._rosters = rosters
        self._crew = Crew(rosters, around)
        self._pushers = [Pusher(sink, around) for sink in sinks]
        subject = subject or f"The accelerators of node {settings.node_name}."
        site = Site(PrometheusPage(self.snapshot), subject, lambda: self._crew.is_ready)
        config = WebConfigFile(settings.web_config, self.log) if settings.web_config else None
        self._web = WebServer(settings.listen, site, config, self.log)

    @property
    def url(self) -> str:
        """Where it is served, without a path."""
        return self._web.url

    @property
    def is_ready(self) -> bool:
        """Whether every source was asked once."""
        return self._crew.is_ready

    def start(self) -> None:
        self._web.start()
        self._crew.start()
        for pusher in self._pushers:
            pusher.start()
        self.log.info("serving", url=self.url)

    def stop(self) -> None:
        """Ends what can end within a second, and sinks that keep samples within five; what hangs is left behind, and
        ends with the process."""
        self._stop.set()
        self._web.stop()
        closing = Thread(target=self._close, name="close rosters", daemon=True)
        closing.start()
        flushing = [Thread(target=one.close, args=(_FLUSHING_SECONDS,), daemon=True) for one in self._pushers]
        for thread in flushing:
            thread.start()
        for thread in flushing:
            thread.join(_FLUSHING_SECONDS)
        until = time.monotonic() + _ENDING_SECONDS
        for thread in (closing, *self._crew.threads(), *self._pushers):
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
        self.log.info("stopped")

    def _close(self) -> None:
        for roster in self._rosters:
            if isinstance(roster, Closes):
                roster.close()
