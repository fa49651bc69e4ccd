"""The sink put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporters.metric import Sample
from exporters.sinks.delivery.delivery import Delivery
from exporters.sinks.delivery.keeping_sink import DeliveringSink
from exporters.sinks.delivery.spool import Bounds, Spool
from exporters.sinks.kind import Around, Origin
from exporters.sinks.otlp.cost import dollars_per_gigabyte, gigabytes_per_month
from exporters.sinks.otlp.encoder import Limits, OtlpEncoder
from exporters.sinks.otlp.environment import Receiver
from exporters.sinks.otlp.names import Names
from exporters.sinks.otlp.opening import Choice, is_charged, transport_of
from exporters.sinks.otlp.resource import resource_of
from exporters.sinks.plan import Plan, repeated

_PLANNED_SECONDS = 120.0


class OtlpSink(DeliveringSink):
    """Made by `kinds/otlp.py`. Only CloudWatch's price is known; what another receiver costs is not."""

    def __init__(self, choice: Choice, receiver: Receiver, around: Around) -> None:
        self._names, self._origin = choice.names, around.origin
        self._is_charged = is_charged(choice, receiver)
        encoder = encoder_of(choice.names, around.origin)
        self._transport = transport_of(choice, receiver, around.clock)
        delivery = Delivery(encoder, self._transport, Spool(around.spool, Bounds()), around.clock)
        super().__init__(around.name, delivery, lambda: self._dollars(encoder))

    def close(self, seconds: float) -> None:
        super().close(seconds)
        self._transport.close()

    def plan(self, samples: Sequence[Sample], interval_seconds: float) -> Plan:
        encoder = encoder_of(self._names, self._origin)
        for at, beat in repeated(samples, 0.0, _PLANNED_SECONDS + interval_seconds, interval_seconds):
            encoder.add(beat, at)
        return Plan(
            encoder.series,
            encoder.traffic.requests_per_hour or 0.0,
            gigabytes_per_month(encoder.traffic.bytes_per_hour or 0.0),
            self._dollars(encoder),
            tuple(self._notes()),
        )

    def _dollars(self, encoder: OtlpEncoder) -> float | None:
        size = encoder.traffic.bytes_per_hour
        return None if size is None or not self._is_charged else gigabytes_per_month(size) * dollars_per_gigabyte()

    def _notes(self) -> Iterator[str]:
        yield "GB are before compression, with the attributes of the resource at each point, as CloudWatch charges them"
        if not self._is_charged:
            yield "what the receiver charges is not known"


def encoder_of(names: Names, origin: Origin) -> OtlpEncoder:
    return OtlpEncoder(resource_of(origin), names, Limits())
