"""neuron-monitor as a source: a thread of its own reads line after line, and `read` answers with the latest one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from threading import Event, Lock, Thread

from exporters.canonical import device, neuron, nodes
from exporters.metric import Metric, Sample
from exporters.source import SourceAbsent, SourceFailed
from exporters.sources.neuron.feed import Feed
from exporters.sources.neuron.lines import Lines
from exporters.sources.neuron.schema import UNREADABLE, report_of
from exporters.sources.neuron.telling import Telling

METRICS: tuple[Metric, ...] = (
    *(value for value in vars(neuron).values() if isinstance(value, Metric)),
    *(device.accelerator_info, device.accelerator_up, device.busy_ratio, device.processes, device.allocation),
    *(device.memory_used_bytes, device.memory_total_bytes, device.ecc_errors_total, device.healthy),
    *(nodes.accelerators, nodes.machine_info),
)
_SILENT_PERIODS = 3.0  # without a line, after which the program counts as hung
_SETTLED_SECONDS = 60.0  # after which an end is no longer a failed start
_LONGEST_WAIT_SECONDS = 60.0  # between two starts
_ENDING_SECONDS = 2.0  # that `close` waits at most
_FIRST_LINE_SECONDS = 8.0  # that `read` waits at most for the very first one


class MonitorSource:
    """Reads a feed for as long as it exists; it is opened again whenever it ends or hangs.

    While it tells of no hardware, `is_expected` says whether it should: a program may be installed on any machine.
    """

    def __init__(
        self, feed: Feed, telling: Telling, node: str, period_seconds: float, is_expected: Callable[[], bool]
    ) -> None:
        self._feed = feed
        self._is_expected = is_expected
        self._telling = telling
        self._node = node
        self._silence_seconds = _SILENT_PERIODS * max(period_seconds, 1.0)
        self._first_line_seconds = min(_SILENT_PERIODS * max(period_seconds, 1.0), _FIRST_LINE_SECONDS)
        self._counts: Counter[str] = Counter()  # lines by result
        self._starts = 0
        self._trouble = "it has not printed a line yet"
        self._latest: tuple[tuple[Sample, ...], float] | None = None  # and when it came, by the monotonic clock
        self._spoke = Event()
        self._stop = Event()
        self._starting = Lock()
        self._thread: Thread | None = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return METRICS

    def read(self) -> Iterable[Sample]:
        """The samples of the latest line."""
        self._start()
        self._spoke.wait(self._first_line_seconds)
        latest = self._latest
        if latest is None:
            reason = SourceFailed if self._is_expected() else SourceAbsent
            raise reason(f"neuron-monitor does not tell what hardware there is: {self._trouble}")
        samples, at = latest
        silent_seconds = time.monotonic() - at
        if silent_seconds > self._silence_seconds:
            raise SourceFailed(f"no readable line of neuron-monitor for {silent_seconds:.0f} s: {self._trouble}")
        if not samples:
            raise SourceAbsent("neuron-monitor says that this machine has no Neuron device")
        return (*samples, *self._own_samples(time.time()))

    def close(self) -> None:
        """Ends the thread and what it reads; no process stays behind."""
        self._stop.set()
        self._feed.close()
        if self._thread is not None:
            self._thread.join(_ENDING_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if not (self._thread and self._thread.is_alive()) and not self._stop.is_set():
                self._thread = Thread(target=self._run, name="neuron-monitor", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            opened = time.monotonic()
            self._starts += 1
            try:
                self._listen()
            except OSError as error:
                self._trouble = str(error)
            failures = 1 if time.monotonic() - opened > _SETTLED_SECONDS else failures + 1
            self._stop.wait(min(2.0 ** (failures - 1), _LONGEST_WAIT_SECONDS))

    def _listen(self) -> None:
        """Reads until the feed ends, is closed, or is silent for too long."""
        lines = Lines()
        heard = time.monotonic()
        with closing(self._feed.chunks()) as chunks:
            for chunk in chunks:
                if self._stop.is_set():
                    return
                for line in lines.feed(chunk):
                    heard = time.monotonic()
                    self._take(line, heard)
                self._counts["oversize"] += lines.oversize
                lines.oversize = 0
                if self._feed.silence_is_a_hang and time.monotonic() - heard > self._silence_seconds:
                    self._trouble = "it hung and is started again"
                    return
        self._trouble = self._feed.trouble or "it ended"

    def _take(self, line: bytes, now: float) -> None:
        try:
            report = report_of(line)
        except UNREADABLE:
            self._counts["refused"] += 1
            self._trouble = "what it prints is no JSON"
            return
        self._counts["partly" if report.not_understood else "read"] += 1
        samples = self._telling.samples(report, time.time())
        if samples is None:
            self._trouble = "its lines lack neuron_hardware_info"
            return
        self._trouble = "it prints no more"
        self._latest = samples, now
        self._spoke.set()

    def _own_samples(self, at: float) -> Iterator[Sample]:
        yield neuron.monitor_starts_total.sample(self._starts, at, node=self._node)
        for result in ("read", "partly", "refused", "oversize"):
            yield neuron.monitor_lines_total.sample(self._counts[result], at, node=self._node, result=result)
