"""The page that Prometheus scrapes. It is made from what is known already: a scrape waits for no device."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from exporters.metric import Kind, Part, Sample
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
_PARTS = tuple(Part)
_SERIES_KEPT_PER_SHOWN = 1.25
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
        self._series: dict[tuple[str, Part, Labels], Series] = {}
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
            self._samples = sorted(self._shown.samples(), key=_place)
            self._version = version
            self._bodies.clear()
            if len(self._series) > _SERIES_KEPT_PER_SHOWN * len(self._samples):  # pods that came and went
                self._series.clear()
                self._renderer = PageRenderer()

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
        key = sample.metric.name, sample.part, sample.labels
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = Series.of(sample.name, sample.labels)
        return found


def _place(sample: Sample) -> tuple[str, Labels, int, float]:
    """Families stand together; each keeps the order of its samples, but a histogram has an order of its own: one after
    the other, its buckets from the lowest bound on, then its sum and count."""
    if sample.part is Part.WHOLE:
        return sample.metric.name, (), 0, 0.0
    own = tuple(pair for pair in sample.labels if pair[0] != "le")
    bound = float(dict(sample.labels)["le"]) if sample.part is Part.BUCKET else 0.0
    return sample.metric.name, own, _PARTS.index(sample.part), bound
