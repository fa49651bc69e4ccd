"""The collector as its users meet it: its page, over HTTP, of an API server that is asked over HTTP."""

from __future__ import annotations

import io
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from exporters.agent.agent import Agent
from exporters.agent.log import Level, Log, LogFormat
from exporters.agent.sampling import Rhythm
from exporters.agent.settings import Address, Settings
from exporters.cluster.collector import ClusterRoster
from exporters.cluster.kinds import CLAIMS, CLASSES, EVENTS, NODES, PODS, POOLS, REPLICASETS
from exporters.pages.parser import Format, PageParser
from tests.exporters.cluster.conftest import FAST, Cluster, Recording, pod, wait_for

FOLLOWED = {
    resource.name: resource.path for resource in (NODES, CLAIMS, POOLS, PODS, REPLICASETS, EVENTS)
}  # those that were recorded
MIDDLE = 1795499600.0
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def fill(cluster: Cluster, recording: Recording, until: float) -> None:
    """Puts into the double what the recorded cluster held at a time."""
    for name, path in FOLLOWED.items():
        for at, line in recording.lines(name):
            read = json.loads(line)
            if at > until or read["type"] == "BOOKMARK":
                continue
            if read["type"] == "DELETED":
                cluster.world.remove(path, read["object"]["metadata"]["uid"])
            else:
                cluster.world.put(path, read["object"])
    cluster.api.missing.add(CLASSES.path)


class Served:
    """A collector that runs."""

    def __init__(self, cluster: Cluster) -> None:
        self.logged = io.StringIO()
        log = Log(self.logged, LogFormat.LOGFMT, Level.DEBUG, time)
        rhythm = Rhythm(interval_seconds=0.1, deadline_seconds=20.0, roster_seconds=0.5)
        settings = Settings(node_name="cluster", listen=Address("127.0.0.1", 0))
        self.agent = Agent(settings, [ClusterRoster(cluster.api.server, FAST)], log=log, rhythm=rhythm)
        self.agent.start()

    def page(self) -> Series:
        with urllib.request.urlopen(f"{self.agent.url}/metrics", timeout=30) as answer:
            page = PageParser().parse(answer.read(), time.time(), Format.TEXT)
        return {
            (one.name.removeprefix("gpuyield_"), frozenset(one.labels)): value
            for one, value in zip(page.series, page.values, strict=True)
        }

    def up(self) -> dict[str, float]:
        """By source."""
        return {dict(labels)["source"]: value for (name, labels), value in self.page().items() if name == "source_up"}

    def labels(self, metric: str) -> list[dict[str, str]]:
        return [dict(labels) for name, labels in self.page() if name == metric]


@pytest.fixture
def served(cluster: Cluster, recording: Recording) -> Iterator[Served]:
    fill(cluster, recording, MIDDLE)
    found = Served(cluster)
    yield found
    found.agent.stop()


def test_the_page_shows_the_recorded_cluster_as_it_was(served: Served, recording: Recording) -> None:
    wait_for(lambda: len(served.labels("pod_info")) > 0 and len(served.labels("node_info")) > 0)
    alive = [one for one in recording.truth()["nodes"] if one["node_created"] < MIDDLE < one["node_gone"]]
    expected = {(one["node"], one["instance_type"], one["capacity_type"], one["zone"]) for one in alive}
    shapes = served.labels("node_shape_info")
    keys = ("node", "instance_type", "capacity_type", "zone")
    assert {tuple(one.get(key, "") for key in keys) for one in shapes} == expected
    wait_for(lambda: len(served.labels("replicaset_owner_info")) > 0)
    owners = {one["owner_name"] for one in served.labels("replicaset_owner_info")}
    bound = [one for one in recording.truth()["pods"] if one["created"] < MIDDLE < one.get("gone", 0)]
    made = [one.get("workload", "").partition("/") for one in bound]
    workloads = {name for kind, _, name in made if kind == "Deployment"}
    assert owners == workloads
    assert {one["nodepool"] for one in served.labels("nodepool_info")} == {
        *("cpu", "gpu-ondemand", "gpu-spot", "trainium")
    }


def test_what_does_not_exist_is_absent_and_all_else_answers(served: Served) -> None:
    wait_for(lambda: sum(served.up().values()) >= 7)
    page = served.page()
    absent = {dict(labels)["source"] for (name, labels), value in page.items() if name == "source_absent" and value}
    assert absent == {"cluster/ec2nodeclasses"}
    assert set(served.up().values()) == {1.0}


def test_one_kind_that_may_not_be_read_costs_only_its_own(cluster: Cluster, recording: Recording) -> None:
    fill(cluster, recording, MIDDLE)
    cluster.api.denied |= {CLAIMS.path, EVENTS.path}
    served = Served(cluster)
    try:
        wait_for(lambda: served.up().get("cluster/nodeclaims") == 0 and served.up().get("cluster/pods") == 1)
        wait_for(lambda: len(served.labels("node_info")) > 0)
        assert served.labels("node_claim_info") == []
        assert served.up()["cluster/events"] == 0
        assert "nodeclaims is forbidden" in served.logged.getvalue()
        cluster.api.denied.clear()
        wait_for(lambda: len(served.labels("node_claim_info")) > 0)
    finally:
        served.agent.stop()


def test_the_end_of_a_node_is_told(served: Served, cluster: Cluster) -> None:
    wait_for(lambda: len(served.labels("node_claim_info")) > 0)
    uid, claim = next(iter(cluster.world.objects[CLAIMS.path].items()))
    wait_for(lambda: cluster.api.count(CLAIMS.path, watch=True) > 0)
    cluster.world.remove(CLAIMS.path, uid)
    wait_for(lambda: len(served.labels("node_gone_timestamp_seconds")) > 0)
    assert [one["nodeclaim"] for one in served.labels("node_gone_timestamp_seconds")] == [claim["metadata"]["name"]]
    assert claim["metadata"]["name"] not in {one["nodeclaim"] for one in served.labels("node_claim_info")}


def test_the_size_of_an_image_is_known_from_the_event_or_else_from_the_node(served: Served, cluster: Cluster) -> None:
    image = {"names": ["engine@sha256:1", "engine:1"], "sizeBytes": 123}
    cluster.world.put(NODES.path, accelerated("n1", image))
    cluster.world.put(PODS.path, pod("from-node"))
    cluster.world.put(PODS.path, pod("from-event"))
    cluster.world.put(
        EVENTS.path, pulled("from-event", 'Successfully pulled image "engine:1" in 2s. Image size: 7 bytes.')
    )
    wait_for(lambda: sizes(served).get("from-event") == 7)
    assert sizes(served) == {"from-node": 123, "from-event": 7}
    cluster.world.remove(EVENTS.path, "from-event")  # the API server forgets events after an hour
    cluster.world.put(PODS.path, pod("later"))
    wait_for(lambda: "later" in sizes(served))
    assert sizes(served)["from-event"] == 7


def sizes(served: Served) -> dict[str, float]:
    return {dict(labels)["pod"]: value for (name, labels), value in served.page().items() if name == "pod_image_bytes"}


def accelerated(name: str, image: dict[str, Any]) -> dict[str, Any]:
    status = {"capacity": {"nvidia.com/gpu": "8"}, "images": [image]}
    return {"metadata": {"name": name, "uid": name}, "status": status}


def pulled(pod_name: str, message: str) -> dict[str, Any]:
    return {
        "metadata": {"name": pod_name, "uid": pod_name},
        "involvedObject": {"uid": pod_name, "fieldPath": "spec.containers{main}"},
        "reason": "Pulled",
        "message": message,
        "lastTimestamp": "2026-11-24T06:00:10Z",
    }


def test_reservations_that_a_node_class_found_are_told(served: Served, cluster: Cluster) -> None:
    found = {"id": "cr-1", "instanceType": "p5.48xlarge", "availabilityZone": "us-east-1a", "state": "active"}
    about = {"name": "gpu", "uid": "c1"}
    status = {"capacityReservations": [{**found, "reservationType": "capacity-block", "ownerID": "1"}]}
    cluster.world.put(CLASSES.path, {"metadata": about, "status": status})
    cluster.api.missing.clear()
    wait_for(lambda: len(served.labels("reservation_info")) > 0)
    (one,) = served.labels("reservation_info")
    assert (one["reservation"], one["kind"], one["state"]) == ("cr-1", "capacity-block", "active")


def test_it_asks_for_no_more_than_it_needs(served: Served, cluster: Cluster) -> None:
    wait_for(lambda: cluster.api.count(EVENTS.path, watch=True) > 0)
    events = [asked for asked in cluster.api.asked if asked.startswith(EVENTS.path)]
    assert all("fieldSelector=involvedObject.kind" in asked for asked in events)
    watches = [asked for asked in cluster.api.asked if "watch=true" in asked]
    assert all(re.search(r"allowWatchBookmarks=true.*resourceVersion=\d+", asked) for asked in watches)
