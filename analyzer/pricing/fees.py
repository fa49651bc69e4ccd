"""What EKS takes on top of EC2, as lines of their own: the control plane, and Auto Mode for each of its nodes.

Needs `eks:DescribeCluster`, `eks:DescribeClusterVersions` and `pricing:GetProducts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from analyzer.pricing import aws
from analyzer.pricing.aws_region import currency_of
from analyzer.pricing.book import Fee
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import FOREVER, PricePath, Step, constant
from analyzer.pricing.price import LIST, Price
from analyzer.pricing.price_list import FRESH_SECONDS, RegionPrices, hourly_prices
from analyzer.pricing.rate_card import microseconds
from analyzer.pricing.shelf import Kept, Shelf

KIND = "eks-cluster"
AUTO_MODE_KIND = "auto-mode"
CONTROL_PLANE = "EKS control plane"
AUTO_MODE = "EKS Auto Mode"

# Public prices of a cluster-hour; extended support begins where the version's standard support ends.
STANDARD_DOLLARS_PER_HOUR = 0.10
EXTENDED_DOLLARS_PER_HOUR = 0.60
_PRICES_AS_OF = date(2026, 8, 21)


class EksCluster(msgspec.Struct, frozen=True):
    """What decides a cluster's fees. `standard_until`: end of its version's standard support, unix microseconds."""

    name: str
    region: str
    version: str
    is_auto: bool
    takes_extended_support: bool
    standard_until: int


@dataclass(frozen=True, slots=True)
class EksFees:
    """The fees of clusters, asked for and kept."""

    shelf: Shelf
    client: aws.Client = aws.client

    def cluster(self, region: str, name: str) -> Kept[EksCluster]:
        """What EKS says of a cluster. Raises SourceFailed where neither EKS nor the shelf knows it."""

        def ask(old: EksCluster | None) -> EksCluster:
            return _described(self.client, region, name)

        return self.shelf.get(KIND, f"{region}_{name}", EksCluster, ask, FRESH_SECONDS)

    def of(self, region: str, name: str) -> list[Fee]:
        """The fees of one cluster."""
        kept = self.cluster(region, name)
        fees = [] if currency_of(region) != "USD" else [Fee(CONTROL_PLANE, name, control_plane(kept.value))]
        return [*fees, *(self._auto_mode(region, name) if kept.value.is_auto else [])]

    def _auto_mode(self, region: str, cluster: str) -> list[Fee]:
        """One for each accelerator type that the list prices; the same dollars on spot and reserved nodes."""

        def ask(old: RegionPrices | None) -> RegionPrices:
            return hourly_prices(self.client, "AmazonEKS", region, {"operation": "EKSAutoUsage"})

        kept = self.shelf.get(AUTO_MODE_KIND, region, RegionPrices, ask, FRESH_SECONDS)
        as_of, is_stale = datetime.fromtimestamp(kept.fetched_at, UTC).date(), bool(kept.trouble)
        if kept.value.currency != "USD":
            return []
        return [
            Fee(
                AUTO_MODE,
                cluster,
                constant(Price(dollars, LIST, "AWS Price List", as_of, name, region=region, is_stale=is_stale)),
                name,
            )
            for name, dollars in sorted(kept.value.prices.items())
            if name in instance_types()
        ]


def control_plane(cluster: EksCluster) -> PricePath:
    """Per hour: more from the end of standard support on, unless EKS upgrades the cluster then."""
    standard = _public(STANDARD_DOLLARS_PER_HOUR, "standard support")
    if not cluster.takes_extended_support or cluster.standard_until == FOREVER:
        return constant(standard)
    extended = _public(EXTENDED_DOLLARS_PER_HOUR, "extended support")
    return PricePath((Step(0, standard), Step(cluster.standard_until, extended)))


def _public(dollars: float, tier: str) -> Price:
    return Price(dollars, LIST, f"public EKS price, {tier}", _PRICES_AS_OF, CONTROL_PLANE)


def _described(client: aws.Client, region: str, name: str) -> EksCluster:
    eks = client("eks", region)
    with aws.told("eks:DescribeCluster", region):
        cluster = eks.describe_cluster(name=name)["cluster"]
    with aws.told("eks:DescribeClusterVersions", region):
        versions: list[dict[str, Any]] = eks.describe_cluster_versions(clusterVersions=[cluster["version"]])[
            "clusterVersions"
        ]
    return EksCluster(
        name,
        region,
        cluster["version"],
        bool(cluster.get("computeConfig", {}).get("enabled", False)),
        cluster.get("upgradePolicy", {}).get("supportType", "EXTENDED") == "EXTENDED",
        min((microseconds(one.get("endOfStandardSupportDate"), FOREVER) for one in versions), default=FOREVER),
    )
