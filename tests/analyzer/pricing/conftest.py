"""Stubbed AWS: botocore's own stub checks each request and answer against the API's model."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.pricing.price import LIST, Price
from analyzer.pricing.shelf import Shelf

boto3: Any = pytest.importorskip("boto3", reason="AWS needs the extra aws")
stub: Any = pytest.importorskip("botocore.stub")

RECORDED = Path(__file__).parents[2] / "recorded" / "aws"
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC).timestamp()
HOUR = 3_600_000_000  # microseconds
DAY_SECONDS = 86_400.0


class Aws:
    """A client maker whose clients answer what was put in, in that order, and nothing else."""

    def __init__(self) -> None:
        self._stubs: dict[tuple[str, str], Any] = {}
        self._clients: dict[tuple[str, str], Any] = {}

    def of(self, service: str, region: str) -> Any:
        """The stub of one service in one region."""
        if (service, region) not in self._stubs:
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            self._clients[service, region] = boto3.client(service, region_name=region, **keys)
            self._stubs[service, region] = stub.Stubber(self._clients[service, region])
            self._stubs[service, region].activate()
        return self._stubs[service, region]

    def __call__(self, service: str, region: str) -> Any:
        self.of(service, region)
        return self._clients[service, region]

    def refuses(self, service: str, region: str, operation: str, code: str = "UnauthorizedOperation") -> None:
        """The next call fails."""
        self.of(service, region).add_client_error(operation, code, "secret words of the service", 403)

    def price_list(self, endpoint: str, name: str, filters: dict[str, str], service_code: str = "AmazonEC2") -> None:
        """The recorded pages of one list, which must be asked for with exactly these filters."""
        matched = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
        token: dict[str, str] = {}
        for page in json.loads((RECORDED / f"price-list-{name}.json").read_text()):
            asked = {"ServiceCode": service_code, "Filters": matched, "MaxResults": 100, **token}
            self.of("pricing", endpoint).add_response("get_products", page, asked)
            token = {"NextToken": page.get("NextToken", "")}

    def all_asked(self) -> None:
        """Fails where something was put in and not asked for."""
        for one in self._stubs.values():
            one.assert_no_pending_responses()


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = NOW

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(tmp_path: Path, clock: Clock) -> Shelf:
    """A cache on disk of which AWS may be asked."""
    return Shelf(tmp_path / "prices", asks=True, clock=clock)


def again(shelf: Shelf) -> Shelf:
    """The same cache in the next run of the program."""
    return Shelf(shelf.folder, shelf.asks, clock=shelf.clock)


def price(dollars: float, basis: str = LIST, source: str = "test") -> Price:
    return Price(dollars, basis, source, date(2026, 11, 1), "p5.48xlarge")
