"""What the kubelet's event Pulled tells: which image a container got, how long that took, and how large it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporters.cluster.objects import Event, unix

SELECTOR = "involvedObject.kind=Pod,reason=Pulled"

_CONTAINER = re.compile(r"spec\.containers\{(.+)\}")
_IMAGE = re.compile(r'image "([^"]+)"')
_TOOK = re.compile(r" in ([\dhmsµun.]+?) \((?:[\dhmsµun.]+) including waiting\)| in ([\dhmsµun.]+?)\.?(?=\s|$)")
_SIZE = re.compile(r"Image size: (\d+) bytes")
_PRESENT = "already present on machine"
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, slots=True)
class Pulled:
    """`seconds` is 0 where the node had the image already, None where the event does not say."""

    pod_uid: str
    container: str
    image: str
    at: float
    seconds: float | None
    size_bytes: int | None


def pulled(event: Event) -> Pulled | None:
    """None where it is no such event, or of an init container."""
    container = _CONTAINER.fullmatch(event.involved_object.field_path)
    at = unix(event.event_time) or unix(event.last_timestamp) or event.metadata.created
    if event.reason != "Pulled" or container is None or at is None:
        return None
    message = event.message or ""
    image, size = _IMAGE.search(message), _SIZE.search(message)
    return Pulled(
        event.involved_object.uid,
        container[1],
        image[1] if image else "",
        at,
        _seconds(message),
        int(size[1]) if size else None,
    )


def _seconds(message: str) -> float | None:
    if _PRESENT in message:
        return 0.0
    took = _TOOK.search(message)
    parts = _PART.findall(took[1] or took[2]) if took else []
    return sum(float(number) * _SECONDS[unit] for number, unit in parts) if parts else None
