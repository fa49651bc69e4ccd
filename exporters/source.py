"""What a source is: something that is read and answers with samples, or says why it cannot.

GpuyieldError         exit code 2
  SourceError         exit code 3
    SourceAbsent      the thing does not exist here: not a fault, reported once
    SourceFailed      it exists and did not answer: its own samples are lost, nothing else
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from exporters.metric import Metric, Sample


class GpuyieldError(Exception):
    """The root of gpuyield's own errors. The text says what went wrong, where, and what to do."""

    exit_code = 2


class SourceError(GpuyieldError):
    """A source could not be read."""

    exit_code = 3


class SourceAbsent(SourceError):
    """The source does not exist here."""


class SourceFailed(SourceError):
    """The source exists and did not answer as it should."""


class Source(Protocol):
    """One producer of samples."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What it may answer with."""

    def read(self) -> Iterable[Sample]:
        """The samples of now; raises `SourceAbsent` or `SourceFailed`."""


class Roster(Protocol):
    """Finds the sources of one kind that exist here; asked again and again, since devices come and go."""

    @property
    def name(self) -> str:
        """What it finds: nvidia, neuron, efa."""

    def sources(self) -> Mapping[str, Source]:
        """The sources by a name that stays (nvidia/GPU-...); the same object as before where nothing changed.

        A source that was there and is not any more is left out: whoever reads it goes on telling that it is missing.
        Raises `SourceAbsent` where this kind does not exist here, `SourceFailed` where it does and cannot be listed.
        """
