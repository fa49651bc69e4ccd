"""The sink put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporters.canonical.telemetry import sink_series
from exporters.metric import Sample
from exporters.sinks.cloudwatch import container_insights, own_names, placing
from exporters.sinks.cloudwatch.baselines import Baselines
from exporters.sinks.cloudwatch.budget import Budget
from exporters.sinks.cloudwatch.cost import HOURS_PER_MONTH, Prices, prices_of
from exporters.sinks.cloudwatch.encoder import CloudWatchEncoder, Form
from exporters.sinks.cloudwatch.log_batches import log_batches
from exporters.sinks.cloudwatch.metric_data import data_batches
from exporters.sinks.cloudwatch.put_data import PutData
from exporters.sinks.cloudwatch.put_events import Endpoint, PutEvents
from exporters.sinks.cloudwatch.traffic import Traffic
from exporters.sinks.delivery.delivery import Delivery
from exporters.sinks.delivery.keeping_sink import DeliveringSink
from exporters.sinks.delivery.spool import Bounds, Spool
from exporters.sinks.kind import Around, Origin
from exporters.sinks.plan import Plan, repeated

LOGS, DATA = "logs", "data"
OWN, INSIGHTS = "own", "container-insights"
_SHOWN_NOTES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen. `through` is LOGS or DATA, `names` OWN or INSIGHTS; `series` None: no limit."""

    cluster: str
    endpoint: Endpoint
    through: str = LOGS
    names: str = OWN
    namespace: str = own_names.NAMESPACE
    group: str = ""
    stream: str = ""
    period_seconds: int = 60
    settle_seconds: float = 15.0
    series: int | None = None
    prices: Path | None = None
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def log_group(self) -> str:
        """Where the CloudWatch agent writes too, or a group of our own beside it."""
        whose = "containerinsights" if self.names == INSIGHTS else "gpuyield"
        return self.group or f"/aws/{whose}/{self.cluster}/performance"


def encoder_of(choice: Choice, origin: Origin, spool: Path | None = None) -> CloudWatchEncoder:
    """Without the folder of a spool, counters begin anew after a restart."""
    budget, baselines = Budget(choice.series), Baselines(spool)
    return CloudWatchEncoder(form_of(choice), origin, budget, choice.period_seconds, choice.settle_seconds, baselines)


def form_of(choice: Choice) -> Form:
    pack = log_batches if choice.through == LOGS else data_batches
    if choice.names == INSIGHTS:
        return Form(lambda found, facts: placing.place(found, facts, choice.cluster, choice.period_seconds), pack)
    return Form(lambda found, facts: own_names.place(found, facts, choice.cluster, choice.namespace), pack)


def transport_of(choice: Choice, around: Around) -> PutEvents | PutData:
    stream = choice.stream or around.origin.node or choice.cluster
    if choice.through == LOGS:
        return PutEvents(choice.endpoint, choice.log_group, stream, around.clock)
    return PutData(choice.endpoint, around.clock)


def dollars_of(choice: Choice, prices: Prices, traffic: Traffic, series: int) -> float | None:
    """A month at the pace of the last hour; None before anything was sent."""
    size, requests = traffic.bytes_per_hour, traffic.requests_per_hour
    if size is None or requests is None:
        return None
    moved = prices.of_log_bytes(size) if choice.through == LOGS else prices.of_requests(requests)
    return prices.of_series(series) + moved


class CloudWatchSink(DeliveringSink):
    """Made by `kinds/cloudwatch.py`; loads boto3 with the first request."""

    def __init__(self, choice: Choice, around: Around) -> None:
        self._choice, self._around, self._prices = choice, around, prices_of(choice.prices)
        folder = around.spool / choice.through if around.spool else None  # what waits there is of this form
        spool = Spool(folder, choice.bounds)  # first: it makes the folder, and sees that nobody else has it
        self._encoder = encoder_of(choice, around.origin, folder)
        delivery = Delivery(self._encoder, transport_of(choice, around), spool, around.clock)
        super().__init__(around.name, delivery, lambda: self._dollars(self._encoder))

    def about(self, now: float) -> Iterator[Sample]:
        yield from super().about(now)
        budget = self._encoder.budget
        for result, count in (("sent", budget.series), ("left_out", budget.series_left_out)):
            yield sink_series.sample(count, now, sink=self.name, result=result)

    def plan(self, samples: Sequence[Sample], interval_seconds: float) -> Plan:
        """Two periods are gone through: in the first, counters begin."""
        encoder, period = encoder_of(self._choice, self._around.origin), self._choice.period_seconds
        for start in (0.0, float(period)):
            encoder.traffic.forget()
            for at, beat in repeated(samples, start, period, interval_seconds):
                encoder.add(beat, at)
            encoder.flush(start + period)
        traffic, budget = encoder.traffic, encoder.budget
        return Plan(
            budget.series,
            traffic.requests_per_hour or 0.0,
            (traffic.bytes_per_hour or 0.0) * HOURS_PER_MONTH / 1e9,
            self._dollars(encoder),
            tuple(_notes(self._choice, budget)),
        )

    def _dollars(self, encoder: CloudWatchEncoder) -> float | None:
        return dollars_of(self._choice, self._prices, encoder.traffic, encoder.budget.series)


def _notes(choice: Choice, budget: Budget) -> Iterator[str]:
    if choice.names == INSIGHTS:
        yield f"beside the CloudWatch agent both would write to {container_insights.NAMESPACE}: switch one off"
    yield "prices are list, with the first series of the account; log storage, alarms and readers are not in it"
    out = budget.left_out
    if out:
        yield f"{budget.series_left_out} series are over the limit of {choice.series} and left out:"
        yield from (f"  {text}" for text in out[:_SHOWN_NOTES])
    if len(out) > _SHOWN_NOTES:
        yield f"  and {len(out) - _SHOWN_NOTES} more"
