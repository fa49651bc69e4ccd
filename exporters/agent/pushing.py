"""Sends what the sources say to one sink, on a thread of its own: a slow sink delays neither sources nor pages."""

from __future__ import annotations

from threading import Thread

from exporters.agent.sampling import Surroundings, place_of
from exporters.canonical.telemetry import sink_samples_total
from exporters.metric import Sample
from exporters.sinks.sink import KeepingSink, PushSink, SinkFailed


class Pusher(Thread):
    """Sends once in an interval, until the agent stops. What a sink did not take is sent again only by one that keeps
    it."""

    def __init__(self, sink: PushSink, around: Surroundings) -> None:
        super().__init__(name=f"send to {sink.name}", daemon=True)
        self._sink = sink
        self._around = around
        self._counts = {"sent": 0, "failed": 0}

    def run(self) -> None:
        while not self._around.stop.wait(self._around.rhythm.interval_seconds):
            samples = self._around.snapshot.samples()
            reason = self._send(samples)
            self._counts["failed" if reason else "sent"] += len(samples)
            if isinstance(self._sink, KeepingSink):
                reason = reason or self._sink.trouble
            if reason:
                self._around.log.warning("sink failed", sink=self._sink.name, reason=reason)
            self._tell()

    def _send(self, samples: list[Sample]) -> str:
        """Why it failed; "" where it did not."""
        try:
            self._sink.send(samples)
        except SinkFailed as failed:
            return str(failed)
        except Exception as error:  # noqa: BLE001 - a fault in one sink must not end the sending
            return place_of(error)
        return ""

    def close(self, seconds: float) -> None:
        """Lets a sink that keeps send what it has, for so long at most."""
        if isinstance(self._sink, KeepingSink):
            self._sink.close(seconds)

    def _tell(self) -> None:
        now = self._around.clock.time()
        if isinstance(self._sink, KeepingSink):
            self._around.snapshot.put_of_sink(self._sink.name, tuple(self._sink.about(now)))
            return
        told = (
            sink_samples_total.sample(count, now, sink=self._sink.name, result=result)
            for result, count in self._counts.items()
        )
        self._around.snapshot.put_of_sink(self._sink.name, tuple(told))
