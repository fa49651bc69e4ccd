"""The kubelet asked over a real socket by real gRPC."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc
import pytest

from exporters.kubelet.client import Claim, Offer, PodResources
from exporters.simulation.kubelet import Holding, Kubelet, allocatable, listing
from exporters.source import SourceAbsent, SourceFailed

GPU = "nvidia.com/gpu"
NOBODY = 65534
WHOLE = Holding("ml", "llm-0", "vllm", GPU, ("GPU-a",))


def field(number: int, content: bytes | str) -> bytes:
    """A length-delimited field of protobuf, written by hand; short ones only."""
    data = content.encode() if isinstance(content, str) else content
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


@pytest.fixture
def client(socket_path: Path) -> Iterator[PodResources]:
    with closing(PodResources(socket_path, deadline_seconds=20)) as resources:
        yield resources


@contextmanager
def without_rights(path: Path) -> Iterator[None]:
    """As somebody to whom the socket is closed; root may open everything, so root steps down."""
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


def test_an_answer_with_kubernetes_own_field_numbers_is_understood(client: PodResources, kubelet: Kubelet) -> None:
    topology = field(3, field(1, b"\x08\x01"))  # on NUMA node 1
    devices = field(1, GPU) + field(2, "GPU-a") + field(2, "GPU-b") + topology
    cpu_ids, claims = field(3, b"\x02\x03"), field(5, field(2, "claim"))
    container = field(1, "vllm") + field(2, devices) + cpu_ids + claims
    kubelet.pods = field(1, field(1, "llm-0") + field(2, "ml") + field(3, container))
    kubelet.offered = field(1, devices) + field(2, b"\x02\x03")
    answer = client.ask()
    assert answer.claims == tuple(Claim("ml", "llm-0", "vllm", GPU, one) for one in ("GPU-a", "GPU-b"))
    assert answer.offers == (Offer(GPU, "GPU-a"), Offer(GPU, "GPU-b"))


def test_a_node_without_pods_is_an_answer(client: PodResources, kubelet: Kubelet) -> None:
    kubelet.offered = allocatable([(GPU, ["GPU-a"])])
    answer = client.ask()
    assert answer.claims == ()
    assert answer.offers == (Offer(GPU, "GPU-a"),)


def test_a_device_that_is_listed_for_each_of_its_numa_nodes_is_one(client: PodResources, kubelet: Kubelet) -> None:
    kubelet.pods = listing([WHOLE, WHOLE])
    kubelet.offered = allocatable([(GPU, ["GPU-a"]), (GPU, ["GPU-a"])])
    answer = client.ask()
    assert len(answer.claims) == 1
    assert len(answer.offers) == 1


def test_more_than_grpc_takes_by_itself_is_read_whole(client: PodResources, kubelet: Kubelet) -> None:
    long = "x" * 240  # names in Kubernetes may have 253 characters
    holdings = [
        Holding(f"namespace-{number % 50}", f"{long}-{number}", container, "example.com/thing", (f"{number}-{long}",))
        for number in range(5000)
        for container in ("main", "first-sidecar", "second-sidecar")
    ]
    kubelet.pods = listing([*holdings, WHOLE])
    assert len(kubelet.pods) > 4 << 20
    answer = client.ask()
    assert len(answer.claims) == 15_001
    assert answer.claims[-1].device_id == "GPU-a"


def test_each_question_is_one_call_of_each_kind_on_a_kept_connection(client: PodResources, kubelet: Kubelet) -> None:
    for _ in range(3):
        client.ask()
    assert kubelet.calls == {"List": 3, "GetAllocatableResources": 3}


def test_a_kubelet_that_restarted_is_found_again(client: PodResources, kubelet: Kubelet) -> None:
    client.ask()
    kubelet.stop()
    with pytest.raises(SourceFailed, match="is gone: the kubelet is restarting"):
        client.ask()
    kubelet.start()
    kubelet.pods = listing([WHOLE])
    assert len(client.ask().claims) == 1


def test_a_restart_between_two_questions_costs_nothing(client: PodResources, kubelet: Kubelet) -> None:
    client.ask()
    kubelet.stop()
    kubelet.start()
    kubelet.pods = listing([WHOLE])
    assert len(client.ask().claims) == 1


def test_a_socket_that_was_replaced_is_asked_and_not_the_old_one(client: PodResources, socket_path: Path) -> None:
    with Kubelet(socket_path) as old:
        client.ask()
        old.pods = listing([WHOLE])
        with Kubelet(socket_path) as new:
            assert client.ask().claims == ()
            assert new.calls["List"] == 1


def test_a_kubelet_that_hangs_is_given_up_at_the_deadline_and_asked_anew(socket_path: Path, kubelet: Kubelet) -> None:
    with closing(PodResources(socket_path, deadline_seconds=1)) as client:
        kubelet.hang()
        with pytest.raises(SourceFailed, match=r"did not answer within 1 s"):
            client.ask()
        kubelet.release()
        assert client.ask().claims == ()


def test_without_a_socket_there_is_no_kubelet(client: PodResources) -> None:
    with pytest.raises(SourceAbsent, match=r"no kubelet here: .*kubelet.sock does not exist"):
        client.ask()


def test_a_socket_that_may_not_be_opened_is_said_in_plain_words(
    client: PodResources, kubelet: Kubelet, socket_path: Path
) -> None:
    with without_rights(socket_path), pytest.raises(SourceFailed, match=r"Permission denied; run as root"):
        client.ask()
    assert kubelet.calls == {}


def test_a_folder_that_may_not_be_entered_is_no_missing_kubelet(client: PodResources, socket_path: Path) -> None:
    with without_rights(socket_path.parent), pytest.raises(SourceFailed, match="Permission denied"):
        client.ask()


def test_a_socket_without_a_listener_says_how_to_mount_it(client: PodResources, socket_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as left_behind:
        left_behind.bind(str(socket_path))
    with pytest.raises(SourceFailed, match="mount the directory, not the socket"):
        client.ask()


def test_a_refusal_is_told_with_the_kubelets_words(client: PodResources, kubelet: Kubelet) -> None:
    kubelet.fault = (grpc.StatusCode.RESOURCE_EXHAUSTED, "rejected by rate limit")
    with pytest.raises(SourceFailed, match="RESOURCE_EXHAUSTED: rejected by rate limit"):
        client.ask()
    kubelet.fault = None
    assert client.ask().claims == ()


def test_a_kubelet_of_another_language_is_named(client: PodResources, kubelet: Kubelet) -> None:
    kubelet.fault = (grpc.StatusCode.UNIMPLEMENTED, "unknown service v1.PodResourcesLister")
    with pytest.raises(SourceFailed, match="does not speak pod-resources v1"):
        client.ask()


def test_a_missing_package_is_named(client: PodResources, kubelet: Kubelet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(SourceFailed, match=r"install gpuyield\[node\]"):
        client.ask()


def test_bytes_that_are_no_answer_are_refused(client: PodResources, kubelet: Kubelet) -> None:
    kubelet.pods = b"\x0a\x7f\x01"
    with pytest.raises(SourceFailed, match="is not pod-resources v1"):
        client.ask()
