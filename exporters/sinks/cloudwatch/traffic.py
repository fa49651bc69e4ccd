"""How much is sent in an hour: of the last hour, or of as long as it has been."""

from __future__ import annotations

from collections import deque

_KEPT_SECONDS = 3_600


class Traffic:
    """Each period is noted when it is packed."""

    def __init__(self, period_seconds: int) -> None:
        self._period_seconds = period_seconds
        self._notes: deque[tuple[float, int, int]] = deque()

    def note(self, now: float, requests: int, size: int) -> None:
        self._notes.append((now, requests, size))
        while now - self._notes[0][0] >= _KEPT_SECONDS:
            self._notes.popleft()

    def forget(self) -> None:
        self._notes.clear()

    @property
    def requests_per_hour(self) -> float | None:
        """None before anything was sent."""
        return self._per_hour(sum(requests for _, requests, _ in self._notes))

    @property
    def bytes_per_hour(self) -> float | None:
        return self._per_hour(sum(size for _, _, size in self._notes))

    def _per_hour(self, total: int) -> float | None:
        if not self._notes:
            return None
        return total * _KEPT_SECONDS / (len(self._notes) * self._period_seconds)
