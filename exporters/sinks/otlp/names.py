"""What metrics and labels are called in OTLP, in one table.

With the names of gpuyield all is called as on its Prometheus page, so that boards, rules and `advise` find it again in
any store behind a collector. With the names of the semantic conventions, what these know is called as they say, and
what says where it is (cluster, node, pod) stands in the resource; the rest, money above all, keeps our name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto
from functools import cache

from exporters.canonical import device, serving
from exporters.metric import Kind, Metric, Unit
from exporters.series import Labels


class Names(StrEnum):
    """Whose names."""

    GPUYIELD = "gpuyield"
    CONVENTIONS = "conventions"


class Shape(StrEnum):
    """What a metric is in OTLP."""

    GAUGE = auto()
    SUM = auto()
    UP_AND_DOWN = auto()  # a sum that may fall
    HISTOGRAM = auto()


@dataclass(frozen=True, slots=True)
class Heading:
    """What all points of a metric have in common, and the attributes that its name needs beside the labels."""

    name: str
    unit: str
    shape: Shape
    help: str
    always: Labels = ()


# A collector that writes to Prometheus adds to a name what its unit says and the name does not. A unit in braces adds
# nothing; neither may a plain count be "1", which would make it a ratio.
_UNITS = {
    Unit.SECONDS: "s",
    Unit.BYTES: "By",
    Unit.JOULES: "J",
    Unit.WATTS: "W",
    Unit.CELSIUS: "Cel",
    Unit.HERTZ: "Hz",
    Unit.RATIO: "1",
    Unit.TOKENS: "{token}",
    Unit.FLOPS: "{operation}",
    Unit.DOLLARS: "{USD}",
    Unit.NONE: "",
}
_SHAPES = {
    Kind.COUNTER: Shape.SUM,
    Kind.AVERAGE: Shape.GAUGE,
    Kind.STATE: Shape.GAUGE,
    Kind.INFO: Shape.GAUGE,  # of 1; its facts are attributes
    Kind.HISTOGRAM: Shape.HISTOGRAM,
}

_GPU = ("hw.type", "gpu")
# Of the semantic conventions 1.44 (hw.*) and those for generative AI; all of them are still in development.
_CONVENTIONS: dict[Metric, tuple[str, str, Shape, Labels]] = {
    device.busy_ratio: ("hw.gpu.utilization", "1", Shape.GAUGE, (("hw.gpu.task", "general"),)),
    device.memory_used_bytes: ("hw.gpu.memory.usage", "By", Shape.UP_AND_DOWN, ()),
    device.memory_total_bytes: ("hw.gpu.memory.limit", "By", Shape.UP_AND_DOWN, ()),
    device.interconnect_bytes_total: ("hw.gpu.io", "By", Shape.SUM, ()),
    device.ecc_errors_total: ("hw.errors", "{error}", Shape.SUM, (_GPU,)),
    device.power_watts: ("hw.power", "W", Shape.GAUGE, (_GPU,)),
    device.energy_joules_total: ("hw.energy", "J", Shape.SUM, (_GPU,)),
    device.temperature_celsius: ("hw.temperature", "Cel", Shape.GAUGE, (_GPU,)),
    device.healthy: ("hw.status", "1", Shape.UP_AND_DOWN, (_GPU, ("hw.state", "ok"))),
    serving.time_to_first_token_seconds: ("gen_ai.server.time_to_first_token", "s", Shape.HISTOGRAM, ()),
    serving.time_per_output_token_seconds: ("gen_ai.server.time_per_output_token", "s", Shape.HISTOGRAM, ()),
    serving.request_duration_seconds: ("gen_ai.server.request.duration", "s", Shape.HISTOGRAM, ()),
}
_OF_THE_RESOURCE = {
    "cluster": "k8s.cluster.name",
    "node": "k8s.node.name",
    "namespace": "k8s.namespace.name",
    "pod": "k8s.pod.name",
    "uid": "k8s.pod.uid",
    "container": "k8s.container.name",
    "region": "cloud.region",
    "zone": "cloud.availability_zone",
    "instance_id": "host.id",
}
_OF_THE_POINT = {
    "model": "gen_ai.request.model",
    "instance_type": "host.type",
    "severity": "error.type",
    "direction": "network.io.direction",
    "instance": "service.instance.id",
}


@cache
def heading_of(metric: Metric, names: Names) -> Heading:
    """Of a canonical metric."""
    if names is Names.CONVENTIONS and metric in _CONVENTIONS:
        name, unit, shape, always = _CONVENTIONS[metric]
        return Heading(name, unit, shape, metric.help, always)
    return Heading(metric.full_name, _UNITS[metric.unit], _SHAPES[metric.kind], metric.help)


@cache
def _attribute_of(metric: Metric, label: str) -> str:
    if metric == device.accelerator_info and label == "model":
        return "hw.model"
    return _OF_THE_POINT.get(label, label)


def attributes_of(metric: Metric, labels: Labels, names: Names) -> tuple[Labels, Labels]:
    """Of the resource, and of the point. A label without a value is no attribute."""
    told = [(label, _utf8(value)) for label, value in labels if value]
    if names is Names.GPUYIELD:
        return (), tuple(told)
    resource = tuple((_OF_THE_RESOURCE[label], value) for label, value in told if label in _OF_THE_RESOURCE)
    return resource, (*heading_of(metric, names).always, *_point(metric, dict(told)))


def _utf8(text: str) -> str:
    """A page may hold bytes that are no text; the protocol takes text only."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _point(metric: Metric, labels: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A slice of a device is a piece of hardware of its own, and the device its parent."""
    uuid, mig = labels.pop("uuid", ""), labels.pop("mig", "")
    if mig or uuid:
        yield "hw.id", mig or uuid
    if mig and uuid:
        yield "hw.parent", uuid
    for label, value in labels.items():
        if label not in _OF_THE_RESOURCE:
            yield _attribute_of(metric, label), value
