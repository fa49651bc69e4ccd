"""Sends two hours of simulated samples on a clock that is simulated too: `sender.py PROTOCOL ENDPOINT FOLDER`.

It can be killed and started again with the same folder: it goes on with the next round, and sends what is in its spool.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from exporters.canonical import device, serving
from exporters.metric import Part, Sample
from exporters.sinks.delivery.delivery import Delivery
from exporters.sinks.delivery.spool import Bounds, Spool
from exporters.sinks.otlp.encoder import Limits, OtlpEncoder
from exporters.sinks.otlp.environment import Receiver
from exporters.sinks.otlp.names import Names
from exporters.sinks.otlp.opening import Choice, Protocol, transport_of

ROUNDS, ROUND_SECONDS = 120, 60.0
BEGIN = 1_790_000_000.0
_REQUEST_SECONDS, _TIMEOUT_SECONDS = 0.1, 0.15
_PATIENCE_SECONDS = 7_200.0
_BOUNDS = (0.1, 0.5, 1.0, 5.0, math.inf)
CARDS = 8


class Clock:
    """Goes on when it is told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def samples_of(number: int) -> Iterator[Sample]:
    """Of one round; the counters start anew at round 50."""
    at, since = BEGIN + number * ROUND_SECONDS, number % 50
    for card in range(CARDS):
        uuid = f"GPU-{card}"
        yield device.busy_ratio.sample(number / ROUNDS, at, uuid=uuid, mig="")
        yield device.power_watts.sample(400.0 + card, at, uuid=uuid, mig="")
        yield device.energy_joules_total.sample(since * 12_000.0, at, uuid=uuid)
    for pod in ("llama-0", "llama-1"):
        labels = {"namespace": "chat", "pod": pod, "instance": f"{pod}:8000", "model": "llama", "engine": "0"}
        metric = serving.time_to_first_token_seconds
        for place, bound in enumerate(_BOUNDS):
            yield metric.part(Part.BUCKET, since * (place + 1), at, bound, **labels)
        yield metric.part(Part.SUM, since * 2.5, at, **labels)
        yield metric.part(Part.COUNT, since * len(_BOUNDS), at, **labels)


def main() -> None:
    protocol, endpoint, folder = Protocol(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    progress = folder / "rounds"
    done = len(progress.read_text().splitlines()) if progress.exists() else 0
    clock = Clock(BEGIN + done * ROUND_SECONDS)
    choice = Choice(endpoint, protocol, Names.CONVENTIONS, None, _TIMEOUT_SECONDS)
    encoder = OtlpEncoder({"service.name": "gpuyield"}, Names.CONVENTIONS, Limits(points=24))
    spool = Spool(folder / "spool", Bounds(memory_bytes=20_000))
    delivery = Delivery(encoder, transport_of(choice, Receiver(), clock), spool, clock)
    for number in range(done, ROUNDS):
        with progress.open("a") as file:
            file.write(f"{number}\n")
        delivery.take(list(samples_of(number)))
        _send_until(delivery, clock, BEGIN + (number + 1) * ROUND_SECONDS)
    _send_until(delivery, clock, clock.now + _PATIENCE_SECONDS)
    delivery.close()
    offered, held, spooled = delivery.offered()
    print(json.dumps({"offered": offered, "left": held + spooled, "results": delivery.results()}), flush=True)


def _send_until(delivery: Delivery, clock: Clock, until: float) -> None:
    while clock.now < until and not delivery.is_empty:
        clock.now += max(delivery.send_next(), _REQUEST_SECONDS)
    clock.now = max(clock.now, until)


if __name__ == "__main__":
    main()
