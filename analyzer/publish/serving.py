"""Makes passes until it is told to stop, and shows what they found: on a page, and to sinks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event, Thread

from analyzer.publish.publisher import Publisher
from exporters.agent.agent import Agent
from exporters.agent.clock import Clock
from exporters.agent.reading import Reading, State
from exporters.agent.sampling import place_of
from exporters.agent.settings import Settings
from exporters.canonical.publishing import passes_total
from exporters.sinks.sink import PushSink
from exporters.source import GpuyieldError

_SOURCE = "ledger"


class Serving:
    """The page is there from the start, with the totals of the last process; passes have a thread of their own."""

    def __init__(
        self,
        publisher: Publisher,
        settings: Settings,
        sinks: Sequence[PushSink] = (),
        clock: Clock = time,
    ) -> None:
        self._publisher = publisher
        self._interval_seconds = settings.interval_seconds
        self._clock = clock
        self._agent = Agent(settings, [], clock, sinks=sinks, subject="The ledger of the accelerators, as counters.")
        self._stop = Event()
        self._thread = Thread(target=self._again_and_again, name="publish", daemon=True)
        self._counts = {"done": 0, "failed": 0}
        self._answered_at: float | None = None

    @property
    def url(self) -> str:
        """Where it is served, without a path."""
        return self._agent.url

    def start(self) -> None:
        self._publisher.restarted()
        self._show(State.WAITING, None)
        self._agent.start()
        self._thread.start()

    def stop(self) -> None:
        """A pass that is under way is left behind: the state file has all of it or nothing."""
        self._stop.set()
        self._agent.stop()

    def _again_and_again(self) -> None:
        while True:
            began = self._clock.monotonic()
            self._pass(began)
            if self._stop.wait(max(0.0, began + self._interval_seconds - self._clock.monotonic())):
                return

    def _pass(self, began: float) -> None:
        reason = ""
        try:
            self._publisher.run()
            self._answered_at = self._clock.time()
        except GpuyieldError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - a fault in one pass must not end the publishing
            reason = place_of(error)
        self._counts["failed" if reason else "done"] += 1
        if reason:
            self._agent.log.warning("pass failed", reason=reason)
        self._show(State.FAILED if reason else State.UP, self._clock.monotonic() - began)

    def _show(self, state: State, duration_seconds: float | None) -> None:
        """Failed or not, the totals stay: they are true of the cells that are in them."""
        now = self._clock.time()
        passes = (passes_total.sample(count, now, result=result) for result, count in self._counts.items())
        told = (*self._publisher.samples, *passes)
        self._agent.snapshot.put(_SOURCE, Reading(0, state, told, self._answered_at, duration_seconds))
        self._publisher.shown()
