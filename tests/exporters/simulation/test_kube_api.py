"""The simulated API server: what a reader of lists and watches relies on, and that it tells the fleet's story."""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.canonical import nodes, pods
from exporters.cluster.collector import ClusterRoster
from exporters.kubernetes.kubeconfig import ApiServer
from exporters.metric import Metric, Sample
from exporters.simulation.aws_answers import AwsAnswers
from exporters.simulation.fleet import Fleet
from exporters.simulation.kube_api.cluster import DELETED, Cluster
from exporters.simulation.kube_api.crowd import Crowd
from exporters.simulation.kube_api.kind import CLAIMS, EVENTS, KINDS, NODES, PODS, POOLS, REPLICASETS, Kind
from exporters.simulation.kube_api.nodes import node_object
from exporters.simulation.kube_api.server import KubeApi
from exporters.simulation.kube_api.story import StoryCluster

RECORDED = Path(__file__).parents[2] / "recorded" / "kubernetes" / "karpenter-1.14.1-kwok.tar.xz"
HOUR, DAY = 3600.0, 86_400.0
PATIENCE_SECONDS = 30.0
ALL = 1 << 30
PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
# What KWOK's fake nodes and pods have not, and real ones have.
NOT_RECORDED = {("Node", "status", "images"), ("Node", "spec", "unschedulable"), ("Pod", "spec", "volumes")}

Json = dict[str, Any]
by_any_kind = pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.name)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(fleet: Fleet) -> Clock:
    return Clock(fleet.start + 2 * DAY + 12 * HOUR)


@pytest.fixture
def api(fleet: Fleet, clock: Clock) -> Iterator[KubeApi]:
    with KubeApi(StoryCluster(fleet.nodes, fleet.pods, fleet.seed, clock)) as found:
        yield found


def get(api: KubeApi, kind: Kind, accept: str = "application/json", token: str = "", **query: str) -> httpx2.Response:
    more = {"continue": token} if token else {}
    return httpx2.get(api.url + kind.path, params={**query, **more}, headers={"Accept": accept})


def listed(cluster: Cluster, kind: Kind, version: int) -> dict[str, Json]:
    """By uid."""
    found = [json.loads(body) for body in cluster.objects(kind, version, 0, ALL)[0]]
    return {one["metadata"]["uid"]: one for one in found}


def followed(cluster: Cluster, kind: Kind, since: int, until: int) -> dict[str, Json]:
    """What a watch makes of a listing."""
    found, last = listed(cluster, kind, since), since
    for change in cluster.changes(kind, since, until):
        one = json.loads(change.body)
        assert int(one["metadata"]["resourceVersion"]) == change.version > last
        last, own = change.version, one["metadata"]["uid"]
        assert (own in found) is (change.type != "ADDED"), "only what is new is added"
        if change.type == DELETED:
            del found[own]
        else:
            found[own] = one
    return found


def unversioned(found: Mapping[str, Json]) -> dict[str, Json]:
    """A crowd does not know when an object last changed."""
    return {own: {**one, "metadata": {**one["metadata"], "resourceVersion": ""}} for own, one in found.items()}


@by_any_kind
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.floats(0, 7 * DAY), later=st.floats(0, DAY))
def test_a_listing_and_its_watch_make_the_next_listing(fleet: Fleet, kind: Kind, first: float, later: float) -> None:
    clock = Clock(fleet.start + first)
    story = StoryCluster(fleet.nodes, fleet.pods, fleet.seed, clock)
    since = story.version()
    clock.now += later
    assert followed(story, kind, since, story.version()) == listed(story, kind, story.version())


@by_any_kind
@settings(max_examples=10, deadline=None)
@given(first=st.floats(0, 30), later=st.floats(0, 30), size=st.tuples(st.integers(1, 60), st.integers(10, 200)))
def test_so_it_is_in_a_crowd(kind: Kind, first: float, later: float, size: tuple[int, int]) -> None:
    clock = Clock(1_793_577_600.0)
    crowd = Crowd(*size, clock=clock)
    clock.now += first
    since = crowd.version()
    clock.now += later
    now = listed(crowd, kind, crowd.version())
    assert unversioned(followed(crowd, kind, since, crowd.version())) == unversioned(now)
    assert len(now) == crowd.objects(kind, since, 0, 1)[1], "uids are its own"


@pytest.mark.parametrize("limit", [1, 3, 500])
def test_pages_make_the_listing_of_one_moment(api: KubeApi, clock: Clock, fleet: Fleet, limit: int) -> None:
    before = get(api, PODS).json()
    page = get(api, PODS, limit=str(limit)).json()
    found = page["items"]
    clock.now += 200  # two pods of the story come and go within it
    while token := page["metadata"].get("continue"):
        left = page["metadata"]["remainingItemCount"]
        page = get(api, PODS, limit=str(limit), token=token).json()
        assert left == len(page["items"]) + page["metadata"].get("remainingItemCount", 0)
        found += page["items"]
    assert found == before["items"]
    assert page["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_what_is_too_old_is_gone(api: KubeApi, clock: Clock) -> None:
    page = get(api, PODS, limit="3").json()
    version = page["metadata"]["resourceVersion"]
    clock.now += HOUR
    refused = get(api, PODS, limit="3", token=page["metadata"]["continue"])
    assert (refused.status_code, refused.json()["reason"]) == (410, "Expired")
    assert get(api, PODS, limit="3", token=refused.json()["metadata"]["continue"]).status_code == 200
    watch = get(api, PODS, watch="true", resourceVersion=version, timeoutSeconds="1")
    (line,) = map(json.loads, watch.text.splitlines())
    assert (watch.status_code, line["type"], line["object"]["code"]) == (200, "ERROR", 410)


def test_what_is_not_there_or_not_understood_is_refused(api: KubeApi) -> None:
    assert httpx2.get(f"{api.url}/apis/karpenter.k8s.aws/v1/ec2nodeclasses").text == "404 page not found\n"
    assert get(api, PODS, token="x").status_code == 400
    refused = get(api, PODS, fieldSelector="spec.nodeName=a").json()
    assert (refused["code"], "knows no selector 'spec.nodeName=a'" in refused["message"]) == (400, True)
    assert get(api, EVENTS, fieldSelector=EVENTS.selector).status_code == 200


def test_a_watch_ends_in_time_with_a_bookmark(api: KubeApi) -> None:
    version = get(api, NODES).json()["metadata"]["resourceVersion"]
    asked = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "0.2"}
    (line,) = map(json.loads, get(api, NODES, allowWatchBookmarks="true", **asked).text.splitlines())
    assert (line["type"], line["object"]["kind"]) == ("BOOKMARK", "Node")
    assert line["object"]["metadata"]["resourceVersion"] == version
    assert get(api, NODES, **asked).text == ""


def test_without_a_version_a_watch_begins_with_what_is_there(api: KubeApi) -> None:
    lines = [json.loads(line) for line in get(api, NODES, watch="1", timeoutSeconds="0.2").text.splitlines()]
    items = get(api, NODES).json()["items"]
    assert [line["type"] for line in lines] == ["ADDED"] * len(items)
    assert [{**one, "kind": "Node", "apiVersion": "v1"} for one in items] == [line["object"] for line in lines]


def test_metadata_alone_can_be_asked_for(api: KubeApi) -> None:
    whole, bare = get(api, REPLICASETS).json(), get(api, REPLICASETS, PARTIAL).json()
    assert bare["kind"] == "PartialObjectMetadataList"
    assert [one["metadata"] for one in bare["items"]] == [one["metadata"] for one in whole["items"]]
    assert {key for one in bare["items"] for key in one} == {"kind", "apiVersion", "metadata"}


def recorded(kind: str) -> list[Json]:
    """As a real API server told of them while the cluster lived."""
    with tarfile.open(RECORDED) as tar:
        (name,) = (name for name in tar.getnames() if name.endswith(f"watch/{kind}.jsonl"))
        file = tar.extractfile(name)
        assert file is not None
        lines = map(json.loads, file.read().splitlines())
        return [line["object"] for line in lines if line["type"] != "BOOKMARK"]


@pytest.mark.parametrize("kind", [NODES, PODS, CLAIMS, POOLS, REPLICASETS], ids=lambda kind: kind.name)
def test_objects_have_the_fields_of_recorded_ones(kind: Kind, fleet: Fleet, clock: Clock) -> None:
    known = {
        (kind.name, part, field)
        for one in recorded(kind.path.rpartition("/")[2])
        for part in ("metadata", "spec", "status")
        for field in one.get(part, {})
    }
    made: list[Cluster] = [Crowd(20, 100, clock=clock), StoryCluster(fleet.nodes, fleet.pods, fleet.seed, clock)]
    own = {
        (kind.name, part, field)
        for cluster in made
        for one in listed(cluster, kind, cluster.version()).values()
        for part in ("metadata", "spec", "status")
        for field in one[part]
    }
    assert own - known <= NOT_RECORDED


def test_a_client_that_knows_every_type_reads_it(api: KubeApi, fleet: Fleet) -> None:
    lightkube = pytest.importorskip("lightkube", reason="typed objects need the extra kubernetes")
    kubeconfig = pytest.importorskip("lightkube.config.kubeconfig")
    core, apps = (pytest.importorskip(f"lightkube.resources.{name}") for name in ("core_v1", "apps_v1"))
    config = {
        "current-context": "simulated",
        "clusters": [{"name": "simulated", "cluster": {"server": api.url}}],
        "contexts": [{"name": "simulated", "context": {"cluster": "simulated", "user": "reader"}}],
        "users": [{"name": "reader", "user": {}}],
    }
    with lightkube.Client(config=kubeconfig.KubeConfig.from_dict(config)) as client:
        names = [one.metadata.name for one in client.list(core.Node, chunk_size=3)]
        assert names == sorted(node.name for node in fleet.nodes)
        for kind, path in ((core.Pod, PODS), (core.Event, EVENTS), (apps.ReplicaSet, REPLICASETS)):
            found = {one.metadata.uid for one in client.list(kind, namespace="*", chunk_size=3)}
            assert found == {one["metadata"]["uid"] for one in get(api, path).json()["items"]}


class Reading:
    """The collector on the simulated API."""

    def __init__(self, api: KubeApi) -> None:
        self.roster = ClusterRoster(ApiServer(api.url, "simulated", "default", None, None))

    def samples(self) -> list[Sample]:
        sources = self.roster.sources()
        names = ("nodes", "nodeclaims", "nodepools", "pods", "replicasets", "events")
        return [sample for name in names for sample in sources[f"cluster/{name}"].read()]

    def values(self, metric: Metric, **labels: str) -> dict[tuple[str, ...], float]:
        """By the other labels' values."""
        return {
            tuple(value for key, value in sample.labels if key not in labels): sample.value
            for sample in self.samples()
            if sample.metric is metric and labels.items() <= dict(sample.labels).items()
        }

    def comes_to(self, metric: Metric, wanted: float, **labels: str) -> None:
        """Waits for one sample of this value."""
        until = time.monotonic() + PATIENCE_SECONDS
        while list(self.values(metric, **labels).values()) != [wanted]:
            assert time.monotonic() < until, (metric.name, labels, self.values(metric, **labels))
            time.sleep(0.05)


@pytest.fixture
def reading(api: KubeApi) -> Iterator[Reading]:
    found = Reading(api)
    yield found
    found.roster.close()


def test_the_collector_sees_the_story_go_by(reading: Reading, clock: Clock, fleet: Fleet) -> None:
    day = fleet.start + 2 * DAY
    clock.now = day + 9 * HOUR + 30
    node = "ip-10-0-1-16.ec2.internal"
    reading.comes_to(nodes.phase, 1, node=node, phase="starting")
    clock.now = day + 9 * HOUR + 300
    reading.comes_to(nodes.phase, 1, node=node, phase="ready")
    reading.comes_to(nodes.allocatable, 4, node=node, resource="nvidia_com_gpu")
    clock.now = day + 16 * HOUR + 45 * 60  # a card has fallen off the bus
    reading.comes_to(nodes.allocatable, 3, node="ip-10-0-1-15.ec2.internal", resource="nvidia_com_gpu")
    clock.now = day + 2 * DAY + 12 * HOUR
    reading.comes_to(nodes.phase, 1, node="ip-10-0-1-14.ec2.internal", phase="unhealthy")
    clock.now = day + 2 * DAY + 13 * HOUR + 35 * 60
    reading.comes_to(nodes.phase, 1, node=node, phase="draining")


def test_the_collector_tells_when_the_bill_of_each_node_begins(reading: Reading, fleet: Fleet, clock: Clock) -> None:
    reading.comes_to(nodes.created_seconds, fleet.nodes[0].created, node=fleet.nodes[0].name)
    told = {labels[0]: at for labels, at in reading.values(nodes.launched_seconds).items()}
    assert told == {node.name: node.created for node in fleet.nodes if node.created <= clock.now < node.gone}


def test_a_start_is_told_step_by_step(reading: Reading, fleet: Fleet, clock: Clock) -> None:
    pod = next(pod for pod in fleet.pods if pod.workload == "translator")
    clock.now = pod.lives[0].start + 10
    who = {"namespace": pod.namespace, "pod": pod.name}
    reading.comes_to(pods.start_seconds, int(pod.lives[0].start) - pod.bound, **who, step="started")
    pull = {**who, "container": "vllm"}
    reading.comes_to(pods.image_pull_seconds, pod.lives[0].start - pod.bound - 2, **pull)
    clock.now = pod.lives[0].ready + 10
    reading.comes_to(pods.ready, 1, **who)


def test_a_crash_loop_is_told(reading: Reading, fleet: Fleet, clock: Clock) -> None:
    clock.now = fleet.start + 2 * DAY + 12 * HOUR + 60
    pod = next(pod for pod in fleet.pods if pod.workload == "reranker")
    begun = sum(life.start <= clock.now for life in pod.lives)
    who = {"namespace": pod.namespace, "pod": pod.name, "container": "main"}
    reading.comes_to(pods.restarts_total, begun - 1, **who)
    reading.comes_to(pods.waiting, 1, **who, reason="CrashLoopBackOff")


def test_a_crowd_fits_together(clock: Clock) -> None:
    crowd = Crowd(100, 1000, clock=clock)
    bound, there, claims, events, replicasets = (
        listed(crowd, kind, crowd.version()).values() for kind in (PODS, NODES, CLAIMS, EVENTS, REPLICASETS)
    )
    room = {one["metadata"]["name"]: int(one["status"]["allocatable"].get("nvidia.com/gpu", 0)) for one in there}
    holders = [(one, asked) for one in bound if (asked := _asked(one))]
    assert len(holders) == 1000 / 25
    for pod, asked in holders:
        room[pod["spec"]["nodeName"]] -= asked
    assert min(room.values()) >= 0
    assert {one["status"]["nodeName"] for one in claims} == {one["metadata"]["name"] for one in there}
    assert {one["involvedObject"]["uid"] for one in events} < {one["metadata"]["uid"] for one in bound}
    assert {one["metadata"]["ownerReferences"][0]["name"] for one in bound} == {
        one["metadata"]["name"] for one in replicasets
    }
    engine = {names[-1] for one in there for image in one["status"]["images"] if (names := image["names"])}
    assert {one["spec"]["containers"][0]["image"] for one, _ in holders} < engine


def _asked(pod: Json) -> int:
    return int(pod["spec"]["containers"][0]["resources"]["requests"].get("nvidia.com/gpu", 0))


def test_a_number_that_the_turns_cannot_visit_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be multiples of 7919"):
        Crowd(7919, 50_000)


def test_a_reserved_node_is_in_the_reservation_that_ec2_tells_of(fleet: Fleet) -> None:
    node = replace(next(node for node in fleet.nodes if node.pool == "gpu-general"), capacity_type="reserved")
    answers = AwsAnswers([node], fleet.seed, fleet.start, lambda: fleet.end)
    (reservation,) = answers.describe_capacity_reservations({})["CapacityReservations"]
    labels = node_object(node, (), fleet.seed, fleet.end)["metadata"]["labels"]
    assert labels["karpenter.k8s.aws/capacity-reservation-id"] == reservation["CapacityReservationId"]


def test_both_kinds_of_karpenter_have_labels_of_their_own(fleet: Fleet, clock: Clock) -> None:
    story = StoryCluster(fleet.nodes, fleet.pods, fleet.seed, clock)
    prefixes = {
        prefix
        for one in listed(story, NODES, story.version()).values()
        for label in one["metadata"]["labels"]
        if (prefix := label.partition("/")[0]) in ("karpenter.k8s.aws", "eks.amazonaws.com")
    }
    assert prefixes == {"karpenter.k8s.aws", "eks.amazonaws.com"}
