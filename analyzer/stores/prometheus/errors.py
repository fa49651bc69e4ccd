"""Why a server did not give what was asked, told apart by what to do about it.

SourceFailed       exit code 3
  Transient        it may answer in a moment: a reset, a cut body, 429, 5xx; ask again
  TooMuch          the question is over one of its limits (samples, time, series): ask for less at once
  Refused          it understood and will not: a bad question, or an API that it does not have
    Unauthorised   it wants other credentials
  Partial          it answered without some of its own sources: never good enough for a count
"""

from __future__ import annotations

from exporters.source import SourceFailed


class Transient(SourceFailed):
    """Worth another try. `retry_after_seconds` is what the server asked for, if it did."""

    def __init__(self, text: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class TooMuch(SourceFailed):
    """Over a limit of the server; half of it may pass."""


class Refused(SourceFailed):
    """Another try of the same question is no use. `status` is HTTP's."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Unauthorised(Refused):
    """401 or 403."""


class Partial(SourceFailed):
    """The answer lacks what some store behind the server holds."""
