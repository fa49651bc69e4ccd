"""What a source is: something that is read and answers with samples, or says why it cannot.

GpuyieldError         exit code 2
  SourceError         exit code 3
    SourceAbsent      the thing does not exist here: not a fault, reported once
    SourceFailed      it exists and did not answer: its own samples are lost, nothing else
"""

from __future__ import annotations

from collections.abc import Iterable
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
