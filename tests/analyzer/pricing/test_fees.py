"""EKS fees: the support tier by date, and Auto Mode by instance type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.pricing.fees import EksFees
from analyzer.pricing.shelf import Shelf
from exporters.source import SourceFailed
from tests.analyzer.pricing.conftest import DAY_SECONDS, HOUR, Aws, Clock, again

END_OF_STANDARD = datetime(2026, 11, 23, tzinfo=UTC)
END = round(END_OF_STANDARD.timestamp() * 1e6)


def _cluster(aws: Aws, support: str = "EXTENDED", is_auto: bool = False, region: str = "us-east-1") -> None:
    cluster: dict[str, Any] = {
        "name": "prod",
        "version": "1.33",
        "upgradePolicy": {"supportType": support},
        "computeConfig": {"enabled": is_auto},
    }
    eks = aws.of("eks", region)
    eks.add_response("describe_cluster", {"cluster": cluster}, {"name": "prod"})
    version = {"clusterVersion": "1.33", "endOfStandardSupportDate": END_OF_STANDARD}
    eks.add_response("describe_cluster_versions", {"clusterVersions": [version]}, {"clusterVersions": ["1.33"]})


def test_extended_support_costs_more_from_its_day_on(aws: Aws, shelf: Shelf) -> None:
    _cluster(aws)
    (fee,) = EksFees(shelf, aws).of("us-east-1", "prod")
    assert (fee.name, fee.cluster, fee.instance_type) == ("EKS control plane", "prod", "")
    assert fee.path.dollars(END - 10 * HOUR, END + 10 * HOUR) == pytest.approx(10 * 0.10 + 10 * 0.60)


def test_a_cluster_that_is_upgraded_instead_stays_at_the_standard_price(aws: Aws, shelf: Shelf) -> None:
    _cluster(aws, support="STANDARD")
    (fee,) = EksFees(shelf, aws).of("us-east-1", "prod")
    assert fee.path.dollars(END - 10 * HOUR, END + 10 * HOUR) == pytest.approx(20 * 0.10)


def test_auto_mode_has_a_fee_for_each_accelerator_type(aws: Aws, shelf: Shelf) -> None:
    _cluster(aws, is_auto=True, region="eu-west-1")
    filters = {"regionCode": "eu-west-1", "operation": "EKSAutoUsage"}
    aws.price_list("eu-central-1", "auto-mode", filters, "AmazonEKS")
    fees = EksFees(shelf, aws).of("eu-west-1", "prod")
    auto = {fee.instance_type: fee.path.dollars(0, HOUR) for fee in fees if fee.name == "EKS Auto Mode"}
    assert auto == {"g5.xlarge": 0.12072, "p5.48xlarge": 6.6048}
    aws.all_asked()


@pytest.mark.parametrize(
    ("operation", "code", "told"),
    [
        ("describe_cluster", "AccessDeniedException", "let the role do eks:DescribeCluster"),
        ("describe_cluster", "ResourceNotFoundException", "the name and the region are right"),
        ("describe_cluster", "ExpiredTokenException", "the credentials have expired"),
    ],
)
def test_what_is_wrong_is_told(aws: Aws, shelf: Shelf, operation: str, code: str, told: str) -> None:
    aws.refuses("eks", "us-east-1", operation, code)
    with pytest.raises(SourceFailed, match=told):
        EksFees(shelf, aws).of("us-east-1", "prod")


def test_a_kept_cluster_stands_where_eks_does_not_answer(aws: Aws, shelf: Shelf, clock: Clock) -> None:
    _cluster(aws)
    first = EksFees(shelf, aws).of("us-east-1", "prod")
    clock.seconds += DAY_SECONDS
    aws.refuses("eks", "us-east-1", "describe_cluster", "ThrottlingException")
    assert EksFees(again(shelf), aws).of("us-east-1", "prod") == first
