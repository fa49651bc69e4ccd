"""EC2 as moto's server plays it, over HTTP: what is asked is understood, and what comes back is read.

moto is right about instances; of spot it has one price for each zone, and of reservations it has nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from analyzer.pricing.ec2_instances import Ec2Instances
from analyzer.pricing.path import Resource
from analyzer.pricing.price import SPOT
from analyzer.pricing.reservations import reserved
from analyzer.pricing.shelf import Shelf
from analyzer.pricing.spot_history import SpotHistory
from exporters.source import SourceFailed

boto3: Any = pytest.importorskip("boto3", reason="AWS needs the extra aws")
config: Any = pytest.importorskip("botocore.config")
moto: Any = pytest.importorskip("moto.server", reason="moto is not installed")

REGION, ZONE = "us-east-1", "us-east-1a"
IMAGE = "ami-12c6146b"  # one that moto knows
SECRETS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(scope="module")
def client() -> Iterator[partial[Any]]:
    """(service, region) -> a client of boto3 that asks moto."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield partial(_client, f"http://{host}:{port}")
    server.stop()


def _client(url: str, service: str, region: str) -> Any:
    once = config.Config(retries={"total_max_attempts": 1})
    return boto3.client(service, region_name=region, endpoint_url=url, config=once, **SECRETS)


def launched(ec2: Any, count: int, **more: Any) -> list[str]:
    """Provider ids."""
    place = {"AvailabilityZone": ZONE}
    found = ec2.run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count, Placement=place, **more)
    return [f"aws:///{ZONE}/{one['InstanceId']}" for one in found["Instances"]]


def test_instances_are_described_and_those_that_are_not_known_are_left_out(client: partial[Any]) -> None:
    ids = launched(client("ec2", REGION), 3, InstanceType="g5.xlarge")
    found = Ec2Instances(lambda region: client("ec2", region))([*ids, f"aws:///{ZONE}/i-0123456789abcdef0"])
    assert found.keys() == set(ids)
    assert {(one.instance_type, one.capacity_type, one.reservation_id) for one in found.values()} == {
        ("g5.xlarge", "on-demand", "")
    }
    assert all(0 <= time.time() - one.launched < 600 for one in found.values())


def test_spot_instances_say_so_and_more_than_a_filter_holds_are_all_described(client: partial[Any]) -> None:
    ids = launched(client("ec2", REGION), 201, InstanceType="g6.xlarge", InstanceMarketOptions={"MarketType": "spot"})
    found = Ec2Instances(lambda region: client("ec2", region))(ids)
    assert found.keys() == set(ids)
    assert {one.capacity_type for one in found.values()} == {SPOT}


def test_an_instance_that_was_terminated_is_still_described(client: partial[Any]) -> None:
    ec2 = client("ec2", REGION)
    (provider_id,) = launched(ec2, 1, InstanceType="p4d.24xlarge")
    ec2.terminate_instances(InstanceIds=[provider_id.rpartition("/")[2]])
    assert Ec2Instances(lambda region: client("ec2", region))([provider_id])[provider_id].capacity_type == "on-demand"


def test_a_spot_price_is_that_of_the_nodes_zone(client: partial[Any]) -> None:
    history, now = SpotHistory(Shelf(asks=True), client), round(time.time() * 1e6)
    node = Resource(instance_type="g5.xlarge", capacity_type=SPOT, region=REGION, zone=ZONE)
    answer = history.path(node, now - 1_000_000, now)
    assert answer is not None
    assert answer.path is not None
    assert [price.dollars_per_hour for price in answer.path.prices()] == [0.00001]
    assert ZONE in history.known_zones(REGION, "g5.xlarge")


def test_an_answer_that_is_none_of_awss_is_one_line(client: partial[Any]) -> None:
    """moto answers with a page of HTML."""
    with pytest.raises(
        SourceFailed, match="ec2:DescribeCapacityReservations in us-east-1: the answer is none of AWS's"
    ):
        reserved(Shelf(asks=True), REGION, client)
