"""The recorded cluster: watch streams of a real API server, byte for byte, with the times at which each line came."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

import pytest

from exporters.canonical import nodes, pods
from exporters.cluster.api import Api
from exporters.cluster.firsts import NodeFirsts, PodFirsts
from exporters.cluster.kinds import CLAIMS, EVENTS, NODES, PODS
from exporters.cluster.mirror import Mirror, Pace, thread_of
from exporters.cluster.node_sources import NodeSource
from exporters.cluster.pod_sources import PodSource
from exporters.cluster.resource import Page, Reader, Resource
from exporters.metric import Sample
from exporters.series import Labels
from tests.exporters.cluster.api_double import ApiDouble, World

ARCHIVE = Path(__file__).parents[2] / "recorded" / "kubernetes" / "karpenter-1.14.1-kwok.tar.xz"
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Recording:
    """One that is unpacked."""

    folder: Path

    def lines(self, resource: str) -> Iterator[tuple[float, bytes]]:
        """(unix seconds of receipt, line) of a watch."""
        times = (self.folder / "watch" / f"{resource}.received").read_text().split()
        lines = (self.folder / "watch" / f"{resource}.jsonl").read_bytes().splitlines()
        yield from zip(map(float, times), lines, strict=True)

    def raw(self, number: str) -> bytes:
        """A whole HTTP answer as it was sent."""
        (path,) = (self.folder / "http").glob(f"{number}-*.raw")
        return path.read_bytes()

    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "truth_summary.json").read_bytes())
        return found

    def prices(self) -> dict[tuple[str, str, str], float]:
        """Dollars an hour by instance type, capacity type and zone."""
        types = json.loads((self.folder / "instance-types.json").read_bytes())
        return {
            (
                one["name"],
                _only(offering, "karpenter.sh/capacity-type"),
                _only(offering, "topology.kubernetes.io/zone"),
            ): (offering["Price"])
            for one in types
            for offering in one["offerings"]
        }

    def replay(self, *followed: Mirror[Any]) -> Iterator[float]:
        """Feeds whole watch streams in the order in which their lines came; yields the time after each line."""
        mirrors = {one.resource.name: (one, Reader(one.resource)) for one in followed}
        lines = [(at, name, line) for name in mirrors for at, line in self.lines(name)]
        for at, name, line in sorted(lines, key=lambda entry: entry[0]):
            one, reader = mirrors[name]
            one.apply(reader.change(line), at)
            yield at


def _only(offering: dict[str, Any], key: str) -> str:
    found: str = next(one["values"][0] for one in offering["Requirements"] if one["key"] == key)
    return found


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("cluster")
    with tarfile.open(ARCHIVE) as tar:
        if hasattr(tarfile, "data_filter"):  # Python 3.11.4
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder)
    return Recording(folder / ARCHIVE.name.removesuffix(".tar.xz"))


@dataclass(slots=True)
class History:
    """What the collector told while the recorded watches were replayed, read after each line."""

    truth: dict[str, Any]
    phases: dict[str, list[tuple[float, str]]]  # by node: (from when, phase)
    shapes: dict[str, set[Labels]]
    node_starts: dict[str, dict[str, float]]
    pod_starts: dict[tuple[str, str], dict[str, float]]
    holds: dict[tuple[str, str], tuple[float, float | None]]  # by namespace and pod: from and until
    owners: dict[tuple[str, str], tuple[str, str]]

    def see(self, sample: Sample, at: float) -> None:
        labels = dict(sample.labels)
        node, who = labels.get("node", ""), (labels.get("namespace", ""), labels.get("pod", ""))
        if sample.metric is nodes.phase:
            phases = self.phases.setdefault(node, [])
            if not phases or phases[-1][1] != labels["phase"]:
                phases.append((at, labels["phase"]))
        elif sample.metric is nodes.node_shape_info:
            self.shapes.setdefault(node, set()).add(sample.labels)
        elif sample.metric is nodes.start_seconds:
            self.node_starts.setdefault(node, {})[labels["step"]] = sample.value
        elif sample.metric is pods.start_seconds:
            self.pod_starts.setdefault(who, {})[labels["step"]] = sample.value
        elif sample.metric is pods.owner_info:
            self.owners[who] = labels["owner_kind"], labels["owner_name"]

    def see_holders(self, samples: list[Sample], at: float) -> None:
        asking = [dict(sample.labels) for sample in samples if sample.metric is pods.requested]
        now = {(one["namespace"], one["pod"]) for one in asking if one["node"]}
        for who in now:
            self.holds.setdefault(who, (at, None))
        for who, (begin, end) in self.holds.items():
            if end is None and who not in now:
                self.holds[who] = begin, at


@pytest.fixture(scope="session")
def history(recording: Recording) -> History:
    now = [0.0]
    pace, clock = Pace(), lambda: now[0]
    of_nodes, of_pods = NodeFirsts(), PodFirsts()
    node_mirror, pod_mirror = Mirror(NODES, of_nodes, pace, clock), Mirror(PODS, of_pods, pace, clock)
    claims, events = Mirror(CLAIMS, None, pace, clock), Mirror(EVENTS, None, pace, clock)
    mirrors: tuple[Mirror[Any], ...] = (node_mirror, pod_mirror, claims, events)
    for mirror in mirrors:
        mirror.replace(Page({}, "231", ""))  # what the listings before the recorded watches said
    node_source = NodeSource(node_mirror, claims, (of_nodes, of_pods), clock)
    pod_source = PodSource(pod_mirror, of_pods, events, node_mirror, clock)
    found = History(recording.truth(), {}, {}, {}, {}, {}, {})
    for now[0] in recording.replay(*mirrors):
        of_pod = pod_source.read()
        found.see_holders(of_pod, now[0])
        for sample in (*node_source.read(), *of_pod):
            found.see(sample, now[0])
    return found


FAST = Pace(first_pause=0.02, longest_pause=0.1, look_again=0.1, patience=0.3, first_listing=10.0)
PATIENCE_SECONDS = 20.0


class Cluster:
    """An API double and the mirrors that follow it, each on its thread as in the collector."""

    def __init__(self, expired: bytes) -> None:
        self.world = World()
        self._expired = expired
        self.api = ApiDouble(self.world, expired)
        self.client = Api(self.api.server, silence_seconds=0.5)
        self._stop = Event()
        self._threads: list[Thread] = []

    def follow(self, resource: Resource[Kept], pace: Pace = FAST) -> Mirror[Kept]:
        mirror = Mirror(resource, None, pace)
        self._threads.append(thread_of(mirror, self.client, self._stop))
        self._threads[-1].start()
        return mirror

    def halt(self) -> None:
        """The API server is killed."""
        self.api.stop()

    def resume(self) -> None:
        """It is there again, at its old address, with the same state."""
        self.api = ApiDouble(self.world, self._expired, self.api.server_port)

    def end(self) -> None:
        self._stop.set()
        self.api.stop()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        self.client.close()


@pytest.fixture
def cluster(recording: Recording) -> Iterator[Cluster]:
    found = Cluster(recording.raw("30"))
    yield found
    found.end()


def wait_for(is_so: Callable[[], bool]) -> None:
    """Until it is so; a test that waits longer fails."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


def named(name: str, **more: Any) -> dict[str, Any]:
    """An object of the API by its name, which is its uid too."""
    return {"metadata": {"name": name, "uid": name, **more.pop("metadata", {})}, **more}


def pod(name: str, gpus: str = "1", **more: Any) -> dict[str, Any]:
    """A pod that asks for GPUs."""
    about = {"namespace": "ml", "creationTimestamp": "2026-11-24T06:00:00Z", **more.pop("metadata", {})}
    container = {"name": "main", "image": "engine:1", "resources": {"requests": {"nvidia.com/gpu": gpus, "cpu": "8"}}}
    return named(name, metadata=about, spec={"nodeName": "n1", "containers": [container]}, **more)


def names(mirror: Mirror[Any]) -> set[str]:
    return set(mirror.objects())
