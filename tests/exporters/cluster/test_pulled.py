"""The texts of the kubelet's event Pulled, as its releases wrote them."""

from __future__ import annotations

import msgspec
import pytest

from exporters.cluster.kinds import EVENTS
from exporters.cluster.objects import Event
from exporters.cluster.pulled import Pulled, pulled
from exporters.cluster.resource import Reader
from tests.exporters.cluster.conftest import Recording

IMAGE = "registry.example/vllm:0.32"


def event(message: str, **more: object) -> Event:
    raw = {
        "metadata": {"name": "a.1", "uid": "e1"},
        "involvedObject": {"uid": "p1", "fieldPath": "spec.containers{server}"},
        "reason": "Pulled",
        "message": message,
        "lastTimestamp": "2026-11-24T06:00:00Z",
        **more,
    }
    return msgspec.convert(raw, Event)


def told(message: str) -> Pulled:
    found = pulled(event(message))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("message", "seconds", "size"),
    [
        (
            f'Successfully pulled image "{IMAGE}" in 14m58.3s (15m2.25s including waiting).'
            " Image size: 9876543210 bytes.",
            898.3,
            9876543210,
        ),
        (f'Successfully pulled image "{IMAGE}" in 512ms (1.1s including waiting)', 0.512, None),
        (f'Successfully pulled image "{IMAGE}" in 3.2s', 3.2, None),
        (f'Successfully pulled image "{IMAGE}"', None, None),
        (f'Container image "{IMAGE}" already present on machine', 0.0, None),
        (f'Container image "{IMAGE}" already present on machine and can be accessed by the pod', 0.0, None),
    ],
)
def test_each_release(message: str, seconds: float | None, size: int | None) -> None:
    found = told(message)
    assert (found.pod_uid, found.container, found.image) == ("p1", "server", IMAGE)
    assert found.at == 1795500000.0
    assert found.seconds == pytest.approx(seconds)
    assert found.size_bytes == size


def test_the_newer_time_wins() -> None:
    found = pulled(event("", eventTime="2026-11-24T06:00:01.250000Z"))
    assert found is not None
    assert found.at == 1795500001.25


@pytest.mark.parametrize(
    "more",
    [
        {"reason": "Pulling"},
        {"involvedObject": {"uid": "p1", "fieldPath": "spec.initContainers{load}"}},
        {"involvedObject": {"uid": "p1"}},
        {"lastTimestamp": None},
    ],
)
def test_what_is_no_pull_of_a_container_is_left_out(more: dict[str, object]) -> None:
    assert pulled(event(f'Successfully pulled image "{IMAGE}" in 3.2s', **more)) is None


def test_the_recorded_events_are_read_and_tell_of_no_pull(recording: Recording) -> None:
    """The recorded cluster has no kubelets; and its events watch sent no bookmark."""
    reader = Reader(EVENTS)
    changes = [reader.change(line) for _, line in recording.lines("events")]
    assert len(changes) == 838
    assert all(change.kind is not None and change.kept is None for change in changes)
