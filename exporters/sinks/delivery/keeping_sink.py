"""A sink that delivers on a thread of its own, and says what became of what it was sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event, Thread

from exporters.canonical.telemetry import sink_samples_total, sink_spooled_bytes, telemetry_dollars_per_month
from exporters.metric import Sample
from exporters.sinks.delivery.delivery import Delivery

_LOOK_SECONDS = 0.05


class DeliveringSink:
    """`dollars_per_month` is what the service will charge, None while that is not known."""

    def __init__(self, name: str, delivery: Delivery, dollars_per_month: Callable[[], float | None]) -> None:
        self.name = name
        self._delivery = delivery
        self._dollars_per_month = dollars_per_month
        self._stop, self._has_news = Event(), Event()
        self._thread = Thread(target=self._run, name=f"deliver to {name}", daemon=True)

    @property
    def trouble(self) -> str:
        return self._delivery.trouble

    def send(self, samples: Sequence[Sample]) -> None:
        """Takes them over; they are on their way."""
        if self._thread.ident is None:
            self._thread.start()
        self._delivery.take(samples)
        self._has_news.set()

    def about(self, now: float) -> Iterator[Sample]:
        for result, count in self._delivery.results().items():
            yield sink_samples_total.sample(count, now, sink=self.name, result=result)
        yield sink_spooled_bytes.sample(self._delivery.spooled_bytes, now, sink=self.name)
        dollars = self._dollars_per_month()
        if dollars is not None:
            yield telemetry_dollars_per_month.sample(dollars, now, sink=self.name)

    def close(self, seconds: float) -> None:
        """In memory only, what is left then is lost with the process; in a spool, the next process sends it."""
        until = time.monotonic() + seconds
        self._delivery.flush()
        self._has_news.set()
        while not self._delivery.is_empty and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        self._stop.set()
        self._has_news.set()
        if self._thread.is_alive():
            self._thread.join(max(0.0, until - time.monotonic()))
        self._delivery.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            wait = self._delivery.send_next()
            if wait > 0:
                self._has_news.wait(wait)
                self._has_news.clear()
