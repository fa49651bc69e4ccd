"""A receiver in this process that does as it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from tests.exporters.sinks.otlp.receiver import Accepted, Fault, Receiver

PATIENCE_SECONDS = 2.0  # of a sender


class Told:
    """`faults` are met by the next requests, one each; then all goes well. `accepted` has a list for each request."""

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.accepted: list[list[Accepted]] = []
        self.receiver = Receiver(self._next, self.accepted.append, 2 * PATIENCE_SECONDS)

    def _next(self, body: bytes) -> Fault:
        del body
        return self.faults.popleft() if self.faults else Fault.NONE

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.receiver.http_port}"

    @property
    def grpc(self) -> str:
        return f"http://127.0.0.1:{self.receiver.grpc_port}"


@pytest.fixture
def told() -> Iterator[Told]:
    one = Told()
    one.receiver.start()
    yield one
    one.receiver.stop()
