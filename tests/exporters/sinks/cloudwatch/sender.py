"""A process that sends two hours of a node in seconds: `python -m tests...sender URL THROUGH SPOOL JOURNAL`.

Each beat stands in the journal before and after its samples are handed over; started again, it goes on behind the last.
So do answers that did not come in time, be it by plan or since the machine is slow.
A sample's value is its beat, so that the service's data say which samples arrived, and how often.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path
from typing import TextIO

from exporters.canonical import device
from exporters.metric import Sample
from exporters.sinks.cloudwatch.put_events import Endpoint
from exporters.sinks.cloudwatch.sink import Choice, encoder_of, transport_of
from exporters.sinks.delivery.delivery import Delivery
from exporters.sinks.delivery.spool import Bounds, Spool
from exporters.sinks.kind import Around, Origin
from tests.exporters.sinks.cloudwatch.conftest import NODE, START, FixedClock

GPUS, BEATS, BEAT_SECONDS, HANG_SECONDS = 4, 720, 10, 60
SAMPLES_PER_BEAT = 2 * GPUS
TOO_LATE = "late"
_TIMEOUT = "ReadTimeoutError"


def beat_samples(beat: int) -> list[Sample]:
    at = START + beat * BEAT_SECONDS
    ids = [{"uuid": f"GPU-{number}", "mig": ""} for number in range(GPUS)]
    return [metric.sample(beat, at, **own) for own in ids for metric in (device.busy_ratio, device.power_watts)]


def main(url: str, through: str, spool: Path, journal: Path) -> None:
    clock, origin = FixedClock(), Origin(NODE)
    choice = Choice("prod", Endpoint("us-east-1", url, 0.4), through)
    transport = transport_of(choice, Around(origin, spool, clock, "cloudwatch"))
    kept = Spool(spool, Bounds())
    encoder = encoder_of(choice, origin, spool)
    chance = random.Random(journal.stat().st_size if journal.exists() else 0).random
    delivery = Delivery(encoder, transport, kept, clock, chance)
    with journal.open("a") as said:
        for beat in range(next_beat(journal), BEATS):
            clock.now = max(clock.now, START + beat * BEAT_SECONDS)
            print(f"take {beat}", file=said, flush=True)
            delivery.take(beat_samples(beat))
            print(f"taken {beat}", file=said, flush=True)
            send(delivery, clock, START + (beat + 1) * BEAT_SECONDS, said)
        delivery.flush()
        while not delivery.is_empty:
            send(delivery, clock, clock.now + BEAT_SECONDS, said)
            clock.now += BEAT_SECONDS
        delivery.close()
        print("end", file=said, flush=True)


def next_beat(journal: Path) -> int:
    beats = re.findall(r"take (\d+)", journal.read_text())
    return int(beats[-1]) + 1 if beats else 0


def send(delivery: Delivery, clock: FixedClock, until: float, said: TextIO) -> None:
    """As the sending thread does, until there is nothing to do or the time is over. A hang lasts a minute."""
    while clock.now < until:
        delivery.trouble = ""
        wait = delivery.send_next()
        if delivery.trouble.endswith(_TIMEOUT):
            print(TOO_LATE, file=said, flush=True)
            clock.now += HANG_SECONDS
        if wait > 0:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
