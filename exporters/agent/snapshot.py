"""What every source last said, ready to be shown at any moment: whoever asks waits for no device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from threading import Lock

from exporters.agent.clock import Clock
from exporters.agent.reading import Reading
from exporters.agent.telemetry import about_source
from exporters.metric import Kind, Part, Sample
from exporters.series import Labels

_Series = tuple[str, Part, Labels]
_Teller = tuple[int, str]  # order and name of a source: the lower one counts
_COUNTED = frozenset({Kind.COUNTER, Kind.HISTOGRAM})


class Snapshot:
    """Thread-safe. `version` changes with everything that is put in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._readings: dict[str, Reading] = {}
        self._of_sinks: dict[str, tuple[Sample, ...]] = {}
        self._tellers: dict[_Series, _Teller] = {}
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    def put(self, source: str, reading: Reading) -> None:
        """Takes the place of what this source said before."""
        with self._lock:
            self._readings[source] = reading
            self._version += 1

    def put_of_sink(self, sink: str, samples: tuple[Sample, ...]) -> None:
        """What became of the samples that a sink was sent."""
        with self._lock:
            self._of_sinks[sink] = samples
            self._version += 1

    def forget(self, source: str) -> None:
        with self._lock:
            self._readings.pop(source, None)
            self._tellers = {series: teller for series, teller in self._tellers.items() if teller[1] != source}
            self._version += 1

    def readings(self) -> Mapping[str, Reading]:
        """By source, in the order in which they count."""
        with self._lock:
            found = list(self._readings.items())
        return dict(sorted(found, key=lambda entry: (entry[1].order, entry[0])))

    def samples(self) -> list[Sample]:
        """Of all sources, each series once; then how the sources and the sinks do."""
        readings = self.readings()
        with self._lock:
            of_sinks = [sample for samples in self._of_sinks.values() for sample in samples]
            tellers = self._tellers
        duplicates: Counter[str] = Counter()
        merged = list(_distinct(readings, duplicates, tellers))
        now = self._clock.time()
        for source, reading in readings.items():
            merged += about_source(source, reading, duplicates[source], now)
        return merged + of_sinks


def _distinct(
    readings: Mapping[str, Reading], duplicates: Counter[str], tellers: dict[_Series, _Teller]
) -> Iterator[Sample]:
    """Of each series the sample of the first source that tells of it.

    What is counted never passes on to a later source while the first one is silent: where that one's count is a little
    older, the series would seem to start anew. `tellers` remembers who told.
    """
    seen: set[_Series] = set()
    for source, reading in readings.items():
        teller = reading.order, source
        for sample in reading.samples:
            series = sample.metric.name, sample.part, sample.labels
            is_counted = sample.metric.kind in _COUNTED
            if series in seen or (is_counted and tellers.get(series, teller) < teller):
                duplicates[source] += 1
                continue
            seen.add(series)
            if is_counted:
                tellers[series] = teller
            yield sample
