"""A Prometheus-compatible server as a store: what the ledger asks is copied out once, then read from the copy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.stores.frame import Frame, Question
from analyzer.stores.parquet import ParquetStore
from analyzer.stores.prometheus.cost import Estimate, affordable, rates
from analyzer.stores.prometheus.download import Source, download
from analyzer.stores.prometheus.downsampled import check_raw
from analyzer.stores.prometheus.extent import extent
from analyzer.stores.prometheus.selector import Matcher
from analyzer.stores.prometheus.wanted import present, wanted_names
from analyzer.window import Window
from exporters.progress import bar
from exporters.source import SourceFailed
from exporters.store.layout import StoreError, create_store

DEFAULT_LIMIT_SAMPLES = 1e8


def _agree(costs: Estimate) -> None:
    del costs


@dataclass(frozen=True, slots=True)
class Reading:
    """How much may be asked, and where the copy goes.

    `agree` is shown the estimate before anything is read and raises where somebody says no. `also` are conditions
    that every series must meet. `folder` keeps the copy; without it, it is gone with the store.
    """

    also: tuple[Matcher, ...] = ()
    limit_samples: float = DEFAULT_LIMIT_SAMPLES
    folder: Path | None = None
    agree: Callable[[Estimate], None] = _agree


@dataclass(slots=True)
class PrometheusStore:
    """`samples` is how many were copied."""

    source: Source
    reading: Reading = field(default_factory=Reading)
    samples: int = 0
    _remarks: list[str] = field(default_factory=list)
    _copy: ParquetStore | None = None
    _temporary: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> PrometheusStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; a copy that is not kept is removed."""
        self.source.server.close()
        self._forget()

    @property
    def description(self) -> str:
        return self.source.description

    @property
    def remarks(self) -> list[str]:
        return [*self._remarks, *sorted(self.source.warnings)]

    def extent(self) -> Window | None:
        return extent(self.source.api, self.reading.also)

    def expect(self, questions: Sequence[Question]) -> None:
        """Copies all that the questions need. Raises SourceFailed, or what `agree` raises."""
        wanted = present(self.source.api, wanted_names(questions, self.reading.also))
        if self.source.flavour.product == "thanos":
            check_raw(self.source.server, wanted)
        seen = rates(self.source.api, wanted)
        costs = affordable(wanted, seen, self.reading.limit_samples, self.source.server.access.is_amazon)
        self.reading.agree(costs)
        if costs.gauge_step_seconds:
            self._remarks.append(
                f"states and averages were read one sample per {costs.gauge_step_seconds} s, to ask less of the"
                " server; counters were read whole"
            )
        folder = self._folder()
        try:
            path = create_store(folder / "store")
            with bar("reading", max(1, round(costs.total))) as move:
                self.samples = download(self.source, wanted, seen, costs, path, move)
            self._copy = ParquetStore(self._settled(path))
        except BaseException:
            self._forget()
            raise

    def read(self, question: Question) -> Frame:
        if self._copy is None:
            raise SourceFailed(f"{self.description}: nothing was copied yet")
        return self._copy.read(question)

    def _folder(self) -> Path:
        """Where the copy grows: beside the folder that will keep it, so that half a copy is never taken for one."""
        self._forget()
        kept = self.reading.folder
        try:
            self._temporary = (
                tempfile.TemporaryDirectory(prefix="gpuyield-")
                if kept is None
                else tempfile.TemporaryDirectory(prefix=f".{kept.name}-", dir=kept.parent)
            )
        except OSError as error:
            where = tempfile.gettempdir() if kept is None else kept.parent
            raise StoreError(f"nothing can be written in {where}: {error.strerror or error}") from error
        return Path(self._temporary.name)

    def _settled(self, path: Path) -> Path:
        kept = self.reading.folder
        if kept is None:
            return path
        try:
            path.rename(kept)
        except OSError as error:
            raise StoreError(f"the copy cannot be kept at {kept}: {error.strerror or error}") from error
        self._forget()
        return kept

    def _forget(self) -> None:
        """Removes what is not to be kept."""
        if self._temporary is not None:
            self._temporary.cleanup()
