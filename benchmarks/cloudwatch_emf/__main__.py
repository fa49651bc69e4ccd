"""What arrives in CloudWatch when CloudWatch has a bad day: gpuyield's sink beside AWS's own EMF exporter for Python.

Two hours of a node with eight GPUs, a value a minute, against a strict double that throttles 30 % of the requests,
answers 5 % with 500, cuts 3 %, loses 2 % of its answers, and for ten minutes takes nothing at all. The same samples and
the same faults for each. The peer is run by a Python of its own:

    python -m venv peer && peer/bin/pip install aws-opentelemetry-distro
    python -m benchmarks.cloudwatch_emf --peer-python peer/bin/python

Each value is said once only, so that the double's data tell which of them arrived.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import msgspec

from exporters.canonical import device
from exporters.metric import Sample
from exporters.sinks.cloudwatch.put_events import Endpoint
from exporters.sinks.cloudwatch.sink import DATA, LOGS, Choice, encoder_of, transport_of
from exporters.sinks.delivery.delivery import Delivery
from exporters.sinks.delivery.spool import Bounds, Spool
from exporters.sinks.kind import Around, Origin
from tests.cloudwatch_double.faults import Fault, seeded
from tests.cloudwatch_double.server import CloudWatchDouble

ROOT = Path(__file__).parents[2]
_RESULT = ROOT / "benchmarks/results/cloudwatch_emf.csv"
_START, _MINUTES, _CARDS = 1_795_478_400.0, 120, 8
_OUTAGE = range(30, 40)
_SHARES = {Fault.THROTTLE: 0.30, Fault.ERROR: 0.05, Fault.CUT: 0.03, Fault.CUT_AFTER: 0.01, Fault.ERROR_AFTER: 0.01}
_SEED = 7
_ENDING_MINUTES = 30  # for what waits in a spool
_METRICS = (device.power_watts, device.memory_used_bytes, device.temperature_celsius)


class Day:
    """What time it is, and what a request meets then."""

    def __init__(self) -> None:
        self.now = _START
        self._fault_of = seeded(_SEED, _SHARES)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def fault(self, operation: str) -> Fault:
        is_out = int((self.now - _START) // 60) in _OUTAGE
        return Fault.THROTTLE if is_out else self._fault_of(operation)


@dataclass(frozen=True, slots=True)
class Row:
    """Of one exporter. `told` are lost samples that it counts as such, by whatever it tells its user."""

    exporter: str
    offered: int
    delivered: int
    lost: int
    told: int
    requests: int
    requests_failed: int
    megabytes: float


def samples_of(minute: int) -> list[Sample]:
    """Each with a value of its own."""
    at, found = _START + 60 * minute, []
    for card in range(_CARDS):
        for place, metric in enumerate(_METRICS):
            labels = {label: f"GPU-{card}" if label == "uuid" else "" for label in metric.labels}
            found.append(metric.sample(1_000 * minute + 10 * card + place, at, **labels))
    return found


def run_ours(double: CloudWatchDouble, day: Day, through: str) -> int:
    """How many it says that it dropped."""
    choice, origin = Choice("prod", Endpoint("us-east-1", double.url), through), Origin("node-1")
    with tempfile.TemporaryDirectory() as folder:
        transport = transport_of(choice, Around(origin, Path(folder), day, "cloudwatch"))
        spool, chance = Spool(Path(folder), Bounds()), random.Random(_SEED).random
        delivery = Delivery(encoder_of(choice, origin), transport, spool, day, chance)
        for minute in range(_MINUTES + _ENDING_MINUTES):
            day.now = max(day.now, _START + 60 * minute)
            if minute < _MINUTES:
                delivery.take(samples_of(minute))
            elif minute == _MINUTES:
                delivery.flush()
            _send_for_a_minute(delivery, day, _START + 60 * (minute + 1))
        results = delivery.results()
        delivery.close()
    return sum(count for result, count in results.items() if result != "accepted")


def _send_for_a_minute(delivery: Delivery, day: Day, until: float) -> None:
    while day.now < until and not delivery.is_empty:
        day.now += max(delivery.send_next(), 0.1)


def run_peer(double: CloudWatchDouble, day: Day, python: str) -> int:
    """Samples of the exports that it says failed."""
    command = [python, str(Path(__file__).with_name("peer.py")), double.url]
    told = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        for minute in range(_MINUTES + 1):  # the last one is its end
            day.now = _START + 60 * minute
            samples = [] if minute == _MINUTES else samples_of(minute)
            lines = [[one.metric.name, dict(one.labels)["uuid"], one.value] for one in samples]
            peer.stdin.write(msgspec.json.encode({"now": day.now, "samples": lines}).decode() + "\n")
            peer.stdin.flush()
            told += 0 if peer.stdout.readline().strip() in ("SUCCESS", "True") else len(samples)
        peer.stdin.close()
    return told


def measured(exporter: str, run: Callable[[CloudWatchDouble, Day], int]) -> Row:
    day = Day()
    with CloudWatchDouble(day.time, day.fault) as double:
        told = run(double, day)
    offered = {sample.value for minute in range(_MINUTES) for sample in samples_of(minute)}
    seen = {value for points in double.metrics.points.values() for point in points.values() for value in point.values}
    return Row(
        exporter,
        offered=len(offered),
        delivered=len(offered & seen),
        lost=len(offered - seen),
        told=told,
        requests=len(double.requests),
        requests_failed=len(double.requests) - len(double.taken),
        megabytes=round(sum(request.wire_bytes for request in double.requests) / 1e6, 3),
    )


def rows(peer_python: str) -> Iterator[Row]:
    yield measured("gpuyield, log events", lambda double, day: run_ours(double, day, LOGS))
    yield measured("gpuyield, PutMetricData", lambda double, day: run_ours(double, day, DATA))
    yield measured("aws-opentelemetry-distro", lambda double, day: run_peer(double, day, peer_python))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True, help="of an environment with aws-opentelemetry-distro")
    parser.add_argument("--result", type=Path, default=_RESULT, help="the CSV file")
    arguments = parser.parse_args()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    found = list(rows(arguments.peer_python))
    with arguments.result.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in found)
    print(f"{'':26}{'offered':>9}{'delivered':>11}{'lost':>7}{'told':>7}{'requests':>10}{'failed':>8}{'MB':>8}")
    for row in found:
        print(
            f"{row.exporter:26}{row.offered:9,}{row.delivered:11,}{row.lost:7,}{row.told:7,}{row.requests:10,}"
            f"{row.requests_failed:8,}{row.megabytes:8.3f}"
        )


if __name__ == "__main__":
    main()
