"""Each way in which AWS refuses becomes one line that says what to change, and tells no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.pricing import aws
from exporters.source import SourceFailed
from tests.analyzer.pricing.conftest import Aws

faults: Any = pytest.importorskip("botocore.exceptions")

ACTION = "ec2:DescribeSpotPriceHistory"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("RequestLimitExceeded", "too many requests, after 5 tries"),
        ("ThrottlingException", "too many requests"),
        ("ExpiredToken", "the credentials have expired"),
        ("RequestExpired", "the credentials have expired"),
        ("UnauthorizedOperation", f"not allowed \\(UnauthorizedOperation\\); let the role do {ACTION}"),
        ("AccessDeniedException", f"not allowed \\(AccessDeniedException\\); let the role do {ACTION}"),
        ("AuthFailure", "the credentials are not accepted.*eu-west-9 is enabled"),
        ("OptInRequired", "eu-west-9 is enabled"),
        ("InternalError", "refused \\(InternalError\\)"),
    ],
)
def test_what_the_service_refuses(code: str, told: str) -> None:
    made = Aws()
    made.refuses("ec2", "eu-west-9", "describe_spot_price_history", code)
    with (
        pytest.raises(SourceFailed, match=f"^AWS, {ACTION} in eu-west-9: .*{told}") as caught,
        aws.told(ACTION, "eu-west-9"),
    ):
        made("ec2", "eu-west-9").describe_spot_price_history()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda: faults.NoCredentialsError(), f"no credentials were found.*{ACTION}"),
        (lambda: faults.PartialCredentialsError(provider="env", cred_var="x"), "no credentials were found"),
        (lambda: faults.TokenRetrievalError(provider="sso", error_msg="secret"), "the credentials have expired"),
        (lambda: faults.UnauthorizedSSOTokenError(), "the credentials have expired"),
        (lambda: faults.EndpointConnectionError(endpoint_url="https://secret"), "no answer; see that the region"),
        (lambda: faults.ConnectTimeoutError(endpoint_url="https://secret"), "no answer"),
        (lambda: faults.ReadTimeoutError(endpoint_url="https://secret"), "no answer"),
        (lambda: faults.ProxyConnectionError(proxy_url="https://me:secret@proxy"), "no answer"),
        (lambda: faults.InvalidRegionError(region_name="us_east"), "is no region"),
        (lambda: faults.ParamValidationError(report="secret"), "ParamValidationError"),
    ],
)
def test_what_happens_before_the_service_is_reached(fault: Any, told: str) -> None:
    with pytest.raises(SourceFailed, match=told) as caught, aws.told(ACTION, "us-east-1"):
        raise fault()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_region_that_is_none_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SourceFailed, match="'us east' is no region"):
        aws.client("ec2", "us east")


def test_a_mistake_of_our_own_is_not_taken_for_one_of_aws() -> None:
    with pytest.raises(KeyError), aws.told(ACTION, "us-east-1"):
        raise KeyError("Reservations")
