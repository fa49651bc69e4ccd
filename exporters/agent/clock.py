"""What time it is. The module `time` is one; a test or a simulation brings its own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Waiting is not part of it: threads wait in real seconds, whatever the clock says."""

    def time(self) -> float:
        """Seconds since 1970, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
