"""What gpuyield uses and how its sources and sinks do, through OpenTelemetry's SDK: for who watches programs that way.

Off unless --self-telemetry otlp or OTEL_METRICS_EXPORTER=otlp asks for it. Where it is sent to, how often, and with
which headers, is for the environment variables that every program with the SDK reads.
"""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from exporters.agent.log import Log
from exporters.canonical import telemetry
from exporters.metric import Metric, Sample
from exporters.source import GpuyieldError

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

_EXPORTERS = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.metric_exporter",
}
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_ENDING_MILLISECONDS = 1_000
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class SelfTelemetry(StrEnum):
    """Where to."""

    NONE = "none"
    OTLP = "otlp"


def is_wanted(choice: SelfTelemetry | None, environment: Mapping[str, str]) -> bool:
    """What is asked for goes before the environment; the SDK's own switch before both."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return (choice or environment.get("OTEL_METRICS_EXPORTER")) == SelfTelemetry.OTLP


def begin(samples: Callable[[], Iterable[Sample]], environment: Mapping[str, str], log: Log) -> Callable[[], None]:
    """Tells of `samples` that are about gpuyield itself, until what is given back is called.

    Raises GpuyieldError where a library is missing or the protocol is not known.
    """
    try:
        exporter = import_module(_module(environment)).OTLPMetricExporter()
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
    except ImportError as error:
        raise GpuyieldError(f"self telemetry needs {error.name}: pip install 'gpuyield[otel]'") from None
    _quieten(log)
    named = Resource.create({} if environment.get("OTEL_SERVICE_NAME") else {"service.name": "gpuyield"})
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)], named)
    _instruments(provider.get_meter("gpuyield.self"), samples)
    return lambda: provider.shutdown(_ENDING_MILLISECONDS)


def _module(environment: Mapping[str, str]) -> str:
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol not in _EXPORTERS:
        raise GpuyieldError(f"{_PROTOCOLS[1]} is none of {', '.join(_EXPORTERS)}")
    return _EXPORTERS[protocol]


def _instruments(meter: Any, samples: Callable[[], Iterable[Sample]]) -> None:
    def of(metric: Metric) -> list[Callable[[CallbackOptions], Iterable[Observation]]]:
        return [lambda _: _observations((one.value, dict(one.labels)) for one in samples() if one.metric is metric)]

    meter.create_observable_gauge("gpuyield.source.up", of(telemetry.source_up))
    meter.create_observable_gauge("gpuyield.source.duration", of(telemetry.source_duration_seconds), "s")
    meter.create_observable_counter("gpuyield.sink.samples", of(telemetry.sink_samples_total), "{sample}")
    meter.create_observable_gauge("gpuyield.sink.spooled", of(telemetry.sink_spooled_bytes), "By")
    meter.create_observable_counter("process.cpu.time", [lambda _: _observations(_cpu())], "s")
    meter.create_observable_up_down_counter("process.memory.usage", [lambda _: _observations(_memory())], "By")


def _observations(told: Iterable[tuple[float, Mapping[str, str]]]) -> Iterator[Observation]:
    from opentelemetry.metrics import Observation

    yield from (Observation(value, labels) for value, labels in told)


def _cpu() -> Iterator[tuple[float, Mapping[str, str]]]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield used.ru_utime, {"cpu.mode": "user"}
    yield used.ru_stime, {"cpu.mode": "system"}


def _memory() -> Iterator[tuple[float, Mapping[str, str]]]:
    with open("/proc/self/statm", encoding="ascii") as file:
        yield int(file.read().split()[1]) * _PAGE_BYTES, {}


class _Forwarding(logging.Handler):
    """The SDK's own texts may quote addresses and answers: only that it failed is passed on."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning("self telemetry failed", reason=f"{record.name.rpartition('.')[2]}: is the receiver there?")


def _quieten(log: Log) -> None:
    logger = logging.getLogger("opentelemetry")
    logger.handlers = [_Forwarding(log)]
    logger.propagate = False
