"""A node with GPUs that pods hold, and a CloudWatch that boto3 talks to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from exporters.canonical import device, nodes
from exporters.metric import Sample
from tests.cloudwatch_double.server import CloudWatchDouble

START = 1_795_478_400.0  # 2026-11-24 00:00 UTC
NODE = "ip-10-0-0-1"


@dataclass
class FixedClock:
    """A clock that a test moves; waiting moves it too."""

    now: float = START
    began: float = field(default=START)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - self.began


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it remembers credentials
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def double(clock: FixedClock) -> Iterator[CloudWatchDouble]:
    with CloudWatchDouble(clock.time) as found:
        yield found


def node_of_gpus(at: float, pods: int, gpus: int = 8, busy: float = 0.5) -> list[Sample]:
    """What a node's agent says: so many pods of one Deployment hold its GPUs in equal parts."""
    samples = []
    for index in range(gpus):
        own = {"uuid": f"GPU-{index}", "mig": ""}
        samples += [
            device.accelerator_info.sample(
                1,
                at,
                **own,
                mig_profile="",
                index=str(index),
                model="NVIDIA H100 80GB HBM3",
                node=NODE,
                target_node="",
                instance="",
                exporter_namespace="",
                exporter_pod="",
            ),
            device.busy_ratio.sample(busy, at, **own),
            device.compute_active_ratio.sample(busy / 2, at, **own),
            device.memory_used_bytes.sample(40 * 2**30, at, **own),
            device.memory_total_bytes.sample(80 * 2**30, at, **own),
            device.power_watts.sample(400 + index, at, **own),
            device.temperature_celsius.sample(60, at, uuid=f"GPU-{index}"),
        ]
        if pods:
            pod = f"llama-7d4b9c6f5d-bcdf{'bcdfghjk'[index * pods // gpus]}"
            held = {**own, "namespace": "ml", "pod": pod, "container": "main"}
            samples.append(device.allocation.sample(1, at, **held))
    for state, number in {"allocatable": gpus, "requested": gpus if pods else 0}.items():
        samples.append(nodes.accelerators.sample(number, at, node=NODE, state=state))
    return samples
