"""From samples to answers: every sample comes to one end, failures are tried again, later each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical import device
from exporters.metric import Sample
from exporters.sinks.delivery.backoff import Backoff
from exporters.sinks.delivery.batch import Batch, Encoded, Later, Refused
from exporters.sinks.delivery.delivery import Delivery
from exporters.sinks.delivery.keeping_sink import DeliveringSink
from exporters.sinks.delivery.spool import Bounds, Spool
from exporters.sinks.sink import KeepingSink


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@dataclass
class Pairs:
    """An encoder that makes a batch of every two samples and keeps what is over."""

    kept: list[Sample] = field(default_factory=list)

    @property
    def held(self) -> int:
        return len(self.kept)

    def add(self, samples: Sequence[Sample], now: float) -> Encoded:
        bad = [one for one in samples if one.value < 0]
        self.kept += [one for one in samples if one.value >= 0]
        batches = []
        while len(self.kept) >= 2:
            batches.append(Batch(b"%d %d" % tuple(one.value for one in self.kept[:2]), 2, now))
            del self.kept[:2]
        return Encoded(batches, {"no_number": len(bad)})

    def flush(self, now: float) -> Encoded:
        batches = [Batch(b"%d" % one.value, 1, now) for one in self.kept]
        self.kept.clear()
        return Encoded(batches)


@dataclass
class Service:
    """A transport that answers as it is told, and then well."""

    answers: list[Mapping[str, int] | Exception] = field(default_factory=list)
    got: list[bytes] = field(default_factory=list)

    def send(self, body: bytes) -> Mapping[str, int]:
        self.got.append(body)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


def samples(*values: float) -> list[Sample]:
    return [device.busy_ratio.sample(value, 0, uuid="GPU-0", mig="") for value in values]


def made(service: Service, clock: Clock, chance: Callable[[], float] = lambda: 1.0) -> Delivery:
    return Delivery(Pairs(), service, Spool(None, Bounds()), clock, chance)


def is_balanced(delivery: Delivery) -> bool:
    offered, held, spooled = delivery.offered()
    return offered == sum(delivery.results().values()) + held + spooled


def test_a_failure_is_tried_again_later_and_nothing_overtakes_it() -> None:
    clock, service = Clock(), Service([Later("busy"), Later("busy", 30.0)])
    delivery = made(service, clock)
    delivery.take(samples(1, 2, 3, 4))
    assert delivery.send_next() == 1.0
    assert delivery.trouble == "busy"
    assert delivery.send_next() == 1.0  # not yet
    clock.now += 1
    assert delivery.send_next() == 30.0  # as the service asked
    clock.now += 30
    assert (delivery.send_next(), delivery.send_next()) == (0.0, 0.0)
    assert service.got == [b"1 2", b"1 2", b"1 2", b"3 4"]
    assert (delivery.results(), delivery.trouble) == ({"accepted": 4}, "")
    assert delivery.is_empty


def test_what_is_rejected_or_refused_is_counted_by_reason_and_not_sent_again() -> None:
    service = Service([{"too_old": 1}, Refused("refused", "400")])
    delivery = made(service, Clock())
    delivery.take(samples(1, 2, 3, 4, -1))
    delivery.send_next()
    delivery.send_next()
    assert delivery.results() == {"accepted": 1, "no_number": 1, "refused": 2, "too_old": 1}
    assert len(service.got) == 2


def test_a_fault_of_ours_is_taken_for_a_failure_and_says_no_more_than_where() -> None:
    delivery = made(Service([KeyError("a secret")]), Clock())
    delivery.take(samples(1, 2))
    assert delivery.send_next() > 0
    assert delivery.trouble.startswith("KeyError at test_delivery.py:")
    assert is_balanced(delivery)


def test_what_fails_again_and_again_by_a_fault_of_ours_does_not_hold_up_the_rest() -> None:
    clock, service = Clock(), Service([KeyError()] * 5)
    delivery = made(service, clock)
    delivery.take(samples(1, 2, 3, 4))
    for _ in range(20):
        clock.now += 60
        delivery.send_next()
    assert delivery.results() == {"accepted": 2, "fault": 2}


def test_samples_that_no_batch_could_be_made_of_are_counted() -> None:
    delivery = made(Service(), Clock())
    with pytest.raises(AttributeError):
        delivery.take([*samples(1), None])  # type: ignore[list-item]
    assert is_balanced(delivery)


def test_waits_double_up_to_a_minute_and_differ() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.fail(None) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.succeed()
    assert backoff.fail(None) == 1
    assert Backoff(lambda: 0.0).fail(None) == 0.5
    assert Backoff(lambda: 0.0).fail(7.0) == 7.0


ANSWERS = st.lists(
    st.sampled_from(["well", "later", "refused", "some"]).map(
        lambda word: (
            {"later": Later("busy"), "refused": Refused("refused", "400")}.get(word)
            or ({"too_old": 1} if word == "some" else {})
        )
    ),
    max_size=30,
)


@given(ANSWERS, st.lists(st.sampled_from(["take", "send", "wait", "flush"]), max_size=60))
def test_offered_is_accepted_and_dropped_and_on_the_way_at_any_moment(
    answers: list[Mapping[str, int] | Exception], steps: list[str]
) -> None:
    clock, service = Clock(), Service(list(answers))
    delivery = made(service, clock)
    for step in steps:
        match step:
            case "take":
                delivery.take(samples(1, 2, -3))
            case "send":
                delivery.send_next()
            case "wait":
                clock.now += 20
            case "flush":
                delivery.flush()
        assert is_balanced(delivery)


def test_the_sink_sends_by_itself_and_flushes_at_the_end() -> None:
    service = Service()
    sink = DeliveringSink("memory", made(service, Clock()), lambda: 12.5)
    assert isinstance(sink, KeepingSink)
    sink.send(samples(1, 2, 3))
    sink.close(10)
    told = {one.metric.name + dict(one.labels).get("result", ""): one.value for one in sink.about(0)}
    assert told == {
        "sink_samples_totalaccepted": 3,
        "sink_spooled_bytes": 0,
        "telemetry_dollars_per_month": 12.5,
    }
    assert service.got == [b"1 2", b"3"]


def test_a_sink_that_cannot_send_ends_in_time() -> None:
    service = Service([Later("away", 3600.0)] * 100)
    sink = DeliveringSink("memory", made(service, Clock()), lambda: None)
    sink.send(samples(1, 2))
    sink.close(0.2)
    assert {dict(one.labels).get("result", one.metric.name): one.value for one in sink.about(0)}["accepted"] == 0
    assert sink.trouble == "away"
