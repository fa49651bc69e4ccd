"""What the kubelet's answers add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.kubelet.allocation import Allocation, Allocations
from exporters.kubelet.client import Answer, Claim, Offer
from exporters.kubelet.device_ids import NoNames

GPU = "nvidia.com/gpu"
CORE, NEURON, NEURONDEVICE = (f"aws.amazon.com/{name}" for name in ("neuroncore", "neuron", "neurondevice"))


def offers(resource: str, ids: Iterable[str | int]) -> list[Offer]:
    return [Offer(resource, str(one)) for one in ids]


def claim(pod: str, device_id: str | int, resource: str = GPU, container: str = "main") -> Claim:
    return Claim("ml", pod, container, resource, str(device_id))


def answer(offered: Sequence[Offer], *claims: Claim) -> Answer:
    return Answer(tuple(offered), claims)


def held(found: Allocation) -> dict[tuple[str, str, str], float]:
    """Shares by device, pod and container."""
    return {(one.place.uuid, one.pod, one.container): one.share for one in found.shares}


@pytest.fixture
def allocations() -> Allocations:
    return Allocations("node-1", NoNames())


WHOLE = offers(GPU, ["GPU-a", "GPU-b"])
SHARED = offers(GPU, [f"GPU-{gpu}::{slot}" for gpu in "ab" for slot in range(4)])
TRAINIUM = [*offers(NEURON, range(16)), *offers(NEURONDEVICE, range(16)), *offers(CORE, range(32))]


def test_a_whole_gpu_is_held_whole_and_the_free_one_by_nobody(allocations: Allocations) -> None:
    found = allocations.of(answer(WHOLE, claim("llm-0", "GPU-a")))
    assert held(found) == {("GPU-a", "llm-0", "main"): 1.0}
    assert (found.allocatable, found.requested) == (2, 1)


def test_a_node_without_accelerators_offers_none(allocations: Allocations) -> None:
    found = allocations.of(answer(offers("vpc.amazonaws.com/efa", ["rdmap0s6"])))
    assert found == Allocation((), 0, 0)


def test_replicas_are_shares_of_what_is_offered(allocations: Allocations) -> None:
    claims = [claim("one", "GPU-a::0"), claim("two", "GPU-a::2"), claim("two", "GPU-a::3"), claim("two", "GPU-b::1")]
    found = allocations.of(answer(SHARED, *claims))
    expected = {("GPU-a", "one"): 0.25, ("GPU-a", "two"): 0.5, ("GPU-b", "two"): 0.25}
    assert held(found) == {(*device_and_pod, "main"): share for device_and_pod, share in expected.items()}
    assert (found.allocatable, found.requested) == (2, 2)


def test_an_unhealthy_shared_gpu_is_not_offered_and_its_shares_stay(allocations: Allocations) -> None:
    one = claim("one", "GPU-a::0")
    allocations.of(answer(SHARED, one))
    only_b = SHARED[4:]
    for _ in range(3):
        found = allocations.of(answer(only_b, one))
        assert held(found) == {("GPU-a", "one", "main"): 0.25}
        assert (found.allocatable, found.requested) == (1, 1)


def test_a_shared_gpu_that_was_never_offered_is_shared_as_its_neighbour(allocations: Allocations) -> None:
    found = allocations.of(answer(SHARED[4:], claim("one", "GPU-a::0")))
    assert held(found) == {("GPU-a", "one", "main"): 0.25}


def test_a_new_number_of_replicas_counts_at_once(allocations: Allocations) -> None:
    one = claim("one", "GPU-a::0")
    allocations.of(answer(SHARED, one))
    assert held(allocations.of(answer(SHARED[:2], one))) == {("GPU-a", "one", "main"): 0.5}


def test_each_container_of_a_pod_has_its_own_share(allocations: Allocations) -> None:
    found = allocations.of(answer(WHOLE, claim("p", "GPU-a", container="x"), claim("p", "GPU-b", container="y")))
    assert held(found) == {("GPU-a", "p", "x"): 1.0, ("GPU-b", "p", "y"): 1.0}


def test_cores_are_shares_of_their_neuron_device(allocations: Allocations) -> None:
    claims = [claim("small", 0, CORE), claim("large", 1, CORE), claim("large", 2, CORE), claim("large", 3, CORE)]
    found = allocations.of(answer(TRAINIUM, *claims))
    assert held(found) == {
        ("node-1/neuron0", "small", "main"): 0.5,
        ("node-1/neuron0", "large", "main"): 0.5,
        ("node-1/neuron1", "large", "main"): 1.0,
    }
    assert (found.allocatable, found.requested) == (16, 2)


@pytest.mark.parametrize("resource", [NEURON, NEURONDEVICE])
def test_a_neuron_device_is_held_whole(allocations: Allocations, resource: str) -> None:
    found = allocations.of(answer(TRAINIUM, claim("llm-0", 5, resource)))
    assert held(found) == {("node-1/neuron5", "llm-0", "main"): 1.0}


def test_a_neuron_device_has_the_cores_it_had_while_one_is_unhealthy(allocations: Allocations) -> None:
    core = claim("small", 31, CORE)
    allocations.of(answer(TRAINIUM, core))
    found = allocations.of(answer(TRAINIUM[:-1], core))
    assert held(found) == {("node-1/neuron15", "small", "main"): 0.5}


def test_devices_are_not_counted_where_slices_cannot_be_told_apart(allocations: Allocations) -> None:
    found = allocations.of(answer(offers("nvidia.com/mig-1g.10gb", ["MIG-a", "MIG-b"])))
    assert (found.allocatable, found.requested) == (None, 0)


def test_the_pod_that_came_later_has_the_device_in_whichever_order_they_are_listed(allocations: Allocations) -> None:
    done, new = claim("done", "GPU-a"), claim("new", "GPU-a")
    allocations.of(answer(WHOLE, done))
    for claims in ((done, new), (new, done), (done, new)):
        assert held(allocations.of(answer(WHOLE, *claims))) == {("GPU-a", "new", "main"): 1.0}


def test_two_pods_that_came_together_do_not_take_turns(allocations: Allocations) -> None:
    one, two = claim("one", "GPU-a"), claim("two", "GPU-a")
    first = held(allocations.of(answer(WHOLE, one, two)))
    assert len(first) == 1
    assert held(allocations.of(answer(WHOLE, two, one))) == first


def test_a_pod_that_comes_back_is_the_newest(allocations: Allocations) -> None:
    one, two = claim("one", "GPU-a"), claim("two", "GPU-a")
    for claims in ((one,), (two,), (one, two)):
        found = allocations.of(answer(WHOLE, *claims))
    assert held(found) == {("GPU-a", "one", "main"): 1.0}


claims_of_shared = st.builds(
    claim, st.sampled_from(["p", "q", "r"]), st.sampled_from([one.device_id for one in SHARED]), st.just(GPU)
)


@given(st.lists(st.lists(claims_of_shared, unique=True), min_size=1, max_size=4))
def test_no_more_than_a_whole_device_is_ever_given_away(answers: list[list[Claim]]) -> None:
    allocations = Allocations("node-1", NoNames())
    for claims in answers:
        found = allocations.of(answer(SHARED, *claims))
        for gpu in ("GPU-a", "GPU-b"):
            taken = {one.device_id for one in claims if one.device_id.startswith(gpu)}
            given_away = sum(share for (uuid, _, _), share in held(found).items() if uuid == gpu)
            assert given_away == pytest.approx(len(taken) / 4)


@given(st.lists(claims_of_shared, unique_by=lambda one: one.device_id), st.randoms())
def test_the_order_of_a_list_means_nothing(claims: list[Claim], chance: Random) -> None:
    shuffled = chance.sample(claims, len(claims))
    first, second = (Allocations("node-1", NoNames()).of(answer(SHARED, *order)) for order in (claims, shuffled))
    assert held(first) == held(second)
