"""The page that Prometheus scrapes. It is made from what is known already: a scrape waits for no device."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from exporters.metric import Kind, Sample
from exporters.pages.body import Format
from exporters.pages.render import PageRenderer
from exporters.series import Labels, Series
from exporters.sinks.negotiation import form_of, takes_gzip

_TYPES = {
    Kind.COUNTER: "counter",
    Kind.AVERAGE: "gauge",
    Kind.STATE: "gauge",
    Kind.INFO: "info",
    Kind.HISTOGRAM: "histogram",
}
_SERIES_KEPT = 100_000
_GZIP_LEVEL = 1  # pages are read once, mostly on the same machine: a higher level costs more than it saves


class Samples(Protocol):
    """What is shown."""

    @property
    def version(self) -> int:
        """Changes when the samples do."""

    def samples(self) -> Sequence[Sample]:
        """Each series once."""


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One page as it goes over the wire."""

    body: bytes
    content_type: str
    is_gzip: bool


class PrometheusPage:
    """Makes each form of the page once for each version of the samples, however many clients ask."""

    def __init__(self, shown: Samples) -> None:
        self._shown = shown
        self._renderer = PageRenderer()
        self._series: dict[tuple[str, Labels], Series] = {}
        self._lock = Lock()
        self._version: int | None = None
        self._samples: list[Sample] = []
        self._bodies: dict[tuple[Format, bool], bytes] = {}

    def answer(self, accept: str = "", accept_encoding: str = "") -> PageAnswer:
        """The page as these headers ask for it."""
        form, is_gzip = form_of(accept), takes_gzip(accept_encoding)
        with self._lock:
            self._renew()
            return PageAnswer(self._body(form.format, is_gzip), form.content_type, is_gzip)

    def _renew(self) -> None:
        version = self._shown.version  # before the samples: what comes in between is seen next time
        if version != self._version:
            # families stand together; each keeps the order of its samples
            self._samples = sorted(self._shown.samples(), key=lambda sample: sample.metric.name)
            self._version = version
            self._bodies.clear()

    def _body(self, form: Format, is_gzip: bool) -> bytes:
        body = self._bodies.get((form, is_gzip))
        if body is None:
            body = gzip.compress(self._body(form, False), _GZIP_LEVEL, mtime=0) if is_gzip else self._rendered(form)
            self._bodies[form, is_gzip] = body
        return body

    def _rendered(self, form: Format) -> bytes:
        metrics = {sample.metric.name: sample.metric for sample in reversed(self._samples)}.values()
        return self._renderer.render(
            [(self._series_of(sample), sample.value) for sample in self._samples],
            {metric.full_name: _TYPES[metric.kind] for metric in metrics},
            {metric.full_name: metric.help for metric in metrics},
            form,
        )

    def _series_of(self, sample: Sample) -> Series:
        key = sample.metric.name, sample.labels
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= _SERIES_KEPT:  # pods that came and went
                self._series.clear()
            found = self._series[key] = Series.of(sample.metric.full_name, sample.labels)
        return found
