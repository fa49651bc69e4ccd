"""A small cluster's day, given to a store piece by piece, as a recorder would."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import pytest

from exporters.store.writer import StoreWriter
from tests.analyzer.conftest import START, Point, Scene, every

HOUR = 3600.0
_STEP = 60.0


class Growing:
    """A store that has the points of a scene up to a time."""

    def __init__(self, path: Path, points: list[Point]) -> None:
        self.path = path
        self._points = sorted(points, key=lambda point: point[1])
        self._given = 0

    def until(self, at: float, keep: Callable[[Point], bool] = lambda _: True) -> None:
        """Writes what is sampled before `at` (unix seconds); what is not kept is lost for good."""
        end = self._given
        while end < len(self._points) and self._points[end][1] < at:
            end += 1
        self.write([point for point in self._points[self._given : end] if keep(point)])
        self._given = end

    def write(self, points: list[Point]) -> None:
        with StoreWriter(self.path) as writer:
            writer.add([point[0] for point in points], [point[2] for point in points], [point[1] for point in points])


def small_day(hours: float = 24.0) -> Scene:
    """A node of eight GPUs all day: four under a chat model that works by day and idles by night, two that train
    without end, one under a job with a beginning and an end, one free; and a small node that comes in the morning and
    goes in the afternoon."""
    end = START + hours * HOUR + 360
    times = every(START, end, _STEP)
    job = every(START + 2.3 * HOUR, min(end, START + 9.6 * HOUR), _STEP)
    scene = Scene().node("n1", times, "p5.48xlarge", 8)
    scene.pod("chat-0", "n1", times, 4.0, "10.0.0.1", created_by_kind="StatefulSet", created_by_name="chat")
    scene.pod("train-0", "n1", times, 2.0, "10.0.0.2", created_by_kind="StatefulSet", created_by_name="train")
    _engine(scene, times)
    _job(scene, job)
    for index in range(8):
        pod = "chat-0" if index < 4 else "train-0" if index < 6 else ""
        named = {"exported_namespace": "ml", "exported_pod": pod, "exported_container": "main"} if pod else {}
        scene.gpu("n1", index, times, 0.31 if pod else 0.0, **named)
    small = every(START + 6.4 * HOUR, min(end, START + 15.2 * HOUR), _STEP)
    if len(small) > 1:
        born = START + 6.4 * HOUR - 90
        node = Scene().node("n2", small, "g5.xlarge", 1).gpu("n2", 0, small, 0.0)
        scene.points += [
            (series, at, born if series.name == "kube_node_created" else value) for series, at, value in node.points
        ]
    return scene


def _engine(scene: Scene, times: list[tuple[float, float]]) -> None:
    engine = {"instance": "10.0.0.1:8000", "model_name": "llama", "engine": "0"}
    busy = [(at, 1.0 if (at - START) % (24 * HOUR) < 16 * HOUR else 0.0) for at, _ in times]
    scene.add("vllm:num_requests_running", busy, **engine)
    for name, step in (("vllm:generation_tokens_total", 911.0), ("vllm:prompt_tokens_total", 4_003.0)):
        made = [step * value for value in accumulate(is_busy for _, is_busy in busy)]
        scene.add(name, [(at, value) for (at, _), value in zip(busy, made, strict=True)], **engine)


def _job(scene: Scene, times: list[tuple[float, float]]) -> None:
    """Asks for one GPU, and is known from the moment when it was made."""
    own = {"namespace": "ml", "pod": "tune-1", "uid": "uid-tune-1"}
    scene.add("kube_pod_info", times, node="n1", created_by_kind="Job", created_by_name="tune", **own)
    scene.add("kube_pod_status_phase", times, phase="Running", **own)
    scene.add("kube_pod_status_ready", times, condition="true", **own)
    for name in ("created", "status_scheduled_time"):
        scene.add(f"kube_pod_{name}", [(at, START + 2.3 * HOUR - 7) for at, _ in times], **own)
    asked = {"node": "n1", "container": "main", "resource": "nvidia_com_gpu"}
    scene.add("kube_pod_container_resource_requests", times, **asked, **own)


@pytest.fixture
def growing(tmp_path: Path) -> Callable[[Scene], Growing]:
    return lambda scene: Growing(tmp_path / "store", scene.points)
