"""What EC2 says of instances. botocore's own stub checks each request and answer against the API's model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing.ec2_instances import IDS_PER_CALL, Described, Ec2Instances, place_of
from exporters.source import SourceFailed

boto3: Any = pytest.importorskip("boto3", reason="EC2 needs the extra aws")
stub: Any = pytest.importorskip("botocore.stub")

LAUNCH = datetime(2026, 11, 10, 12, tzinfo=UTC)


class Regions:
    """Stubbed clients, one for each region."""

    def __init__(self) -> None:
        self._stubs: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}

    def of(self, region: str) -> Any:
        if region not in self._stubs:
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            self._clients[region] = boto3.client("ec2", region_name=region, **keys)
            self._stubs[region] = stub.Stubber(self._clients[region])
            self._stubs[region].activate()
        return self._stubs[region]

    def client(self, region: str) -> Any:
        self.of(region)
        return self._clients[region]

    def answers(self, region: str, asked: list[str], *instances: dict[str, Any], **more: str) -> None:
        """One page. `NextToken` leads to another; `token` is what that one is asked with."""
        request = {"Filters": [{"Name": "instance-id", "Values": asked}]}
        if "token" in more:
            request["NextToken"] = more.pop("token")  # type: ignore[assignment]
        page = {"Reservations": [{"Instances": [one]} for one in instances], **more}
        self.of(region).add_response("describe_instances", page, request)

    def all_asked(self) -> None:
        for one in self._stubs.values():
            one.assert_no_pending_responses()


def _instance(number: str, instance_type: str = "p5.48xlarge", **more: Any) -> dict[str, Any]:
    return {"InstanceId": number, "InstanceType": instance_type, "LaunchTime": LAUNCH, **more}


@pytest.mark.parametrize(
    ("more", "capacity_type"),
    [
        ({}, "on-demand"),
        ({"InstanceLifecycle": "spot"}, "spot"),
        ({"CapacityReservationId": "cr-1"}, "reserved"),
        ({"InstanceLifecycle": "capacity-block", "CapacityReservationId": "cr-1"}, "capacity-block"),
    ],
)
def test_type_launch_and_how_it_was_bought(more: dict[str, str], capacity_type: str) -> None:
    regions = Regions()
    regions.answers("us-east-1", ["i-0a"], _instance("i-0a", **more))
    found = Ec2Instances(regions.client)(["aws:///us-east-1a/i-0a"])
    reservation = more.get("CapacityReservationId", "")
    assert found == {"aws:///us-east-1a/i-0a": Described("p5.48xlarge", capacity_type, LAUNCH.timestamp(), reservation)}


def test_each_region_is_asked_for_its_own_and_pages_are_followed() -> None:
    regions = Regions()
    regions.answers("eu-west-1", ["i-0c"], _instance("i-0c", "g5.12xlarge"))
    regions.answers("us-east-1", ["i-0a", "i-0b"], _instance("i-0a"), NextToken="more")
    regions.answers("us-east-1", ["i-0a", "i-0b"], _instance("i-0b", "p4d.24xlarge"), token="more")
    ids = ["aws:///us-east-1a/i-0a", "aws:///us-east-1b/i-0b", "aws:///eu-west-1c/i-0c", "kind://docker/x/y"]
    found = Ec2Instances(regions.client)(ids)
    assert [found[name].instance_type for name in ids[:3]] == ["p5.48xlarge", "p4d.24xlarge", "g5.12xlarge"]
    assert len(found) == 3
    regions.all_asked()


def test_instances_that_ec2_forgot_are_left_out() -> None:
    regions = Regions()
    regions.answers("us-east-1", ["i-0a", "i-0b"], _instance("i-0b"))
    assert set(Ec2Instances(regions.client)(["aws:///us-east-1a/i-0a", "aws:///us-east-1a/i-0b"])) == {
        "aws:///us-east-1a/i-0b"
    }


def test_many_ids_are_asked_for_in_parts() -> None:
    regions = Regions()
    ids = [f"i-{number:08x}" for number in range(IDS_PER_CALL + 1)]
    regions.answers("us-east-1", ids[:IDS_PER_CALL], *(_instance(one) for one in ids[:IDS_PER_CALL]))
    regions.answers("us-east-1", ids[IDS_PER_CALL:], _instance(ids[-1]))
    assert len(Ec2Instances(regions.client)([f"aws:///us-east-1a/{one}" for one in ids])) == IDS_PER_CALL + 1
    regions.all_asked()


def test_a_refusal_says_what_to_allow() -> None:
    regions = Regions()
    regions.of("us-east-1").add_client_error("describe_instances", "UnauthorizedOperation", "not you", 403)
    with pytest.raises(SourceFailed, match=r"us-east-1.*UnauthorizedOperation.*ec2:DescribeInstances"):
        Ec2Instances(regions.client)(["aws:///us-east-1a/i-0a"])


@pytest.mark.parametrize(
    ("provider_id", "region"),
    [
        ("aws:///us-east-1a/i-0abc", "us-east-1"),
        ("aws:///us-gov-west-1b/i-0abc", "us-gov-west-1"),
        ("aws:///us-west-2-lax-1a/i-0abc", "us-west-2"),
        ("aws:///us-east-1a/fargate-ip-10-0-0-1.ec2.internal", None),
        ("eks-hybrid:///eu-central-1/cluster/mi-0abc", None),
        ("gce://project/us-central1-a/gke-node", None),
        ("", None),
    ],
)
def test_the_region_of_a_provider_id(provider_id: str, region: str | None) -> None:
    place = place_of(provider_id)
    assert (place.region if place else None) == region


@given(st.text())
def test_any_text_may_be_a_provider_id(text: str) -> None:
    assert place_of(text) is None or text.startswith("aws:///")
