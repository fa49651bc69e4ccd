"""Clients of AWS, and what to do when AWS refuses: each fault becomes one line that says what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from exporters.source import GpuyieldError, SourceFailed

# (service, region) -> boto3's client.
Client = Callable[[str, str], Any]

_TRIES = 5

_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "EC2ThrottledException",
        "SlowDown",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
# What a region that the account has not enabled answers, and so does every region to keys that AWS does not know.
_UNKNOWN_KEYS = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "OptInRequired"}
)
_SIGN_IN_FAULTS = ("TokenRetrievalError", "SSOError", "CredentialRetrievalError")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound")
_NETWORK_FAULTS = ("HTTPClientError", "ConnectionError")


def client(service: str, region: str) -> Any:
    """boto3's client with the credentials that boto3 finds; it waits and tries again where AWS throttles."""
    try:
        boto3 = import_module("boto3")
    except ModuleNotFoundError:
        raise GpuyieldError("asking AWS for prices needs boto3: pip install 'gpuyield[aws]'") from None
    config = import_module("botocore.config").Config(
        retries={"mode": "adaptive", "max_attempts": _TRIES}, connect_timeout=5, read_timeout=60
    )
    with told("", region):
        return boto3.client(service, region_name=region, config=config)


@contextmanager
def told(action: str, region: str) -> Iterator[None]:
    """Turns what boto3 raises into one line. `action` is what IAM calls it, as ec2:DescribeSpotPriceHistory."""
    faults = import_module("botocore.exceptions")
    unreadable = import_module("botocore.parsers").ResponseParserError
    try:
        yield
    except unreadable as error:
        raise SourceFailed(
            f"AWS, {action} in {region}: the answer is none of AWS's; see whether a proxy is in between"
        ) from error
    except (faults.BotoCoreError, faults.ClientError) as error:
        raise SourceFailed(_line(error, faults, action, region)) from error


def _line(error: Any, faults: Any, action: str, region: str) -> str:
    where = f"{action} in {region}" if action else region
    if isinstance(error, faults.ClientError):
        return _refusal(error.response.get("Error", {}).get("Code", "an unnamed error"), action, region, where)
    if isinstance(error, _kinds(faults, _NO_CREDENTIALS)):
        return f"AWS, {where}: no credentials were found; sign in (aws sso login), or give a role that allows {action}"
    if isinstance(error, _kinds(faults, _SIGN_IN_FAULTS)):
        return f"AWS, {where}: the credentials have expired; sign in again (aws sso login)"
    if isinstance(error, faults.InvalidRegionError | faults.NoRegionError):
        return f"AWS: {region!r} is no region; write it as us-east-1"
    if isinstance(error, _kinds(faults, _NETWORK_FAULTS)):
        return (
            f"AWS, {where}: no answer; see that the region is right and that the network lets HTTPS to AWS out,"
            " or bring prices in a file (gpuyield prices export)"
        )
    return f"AWS, {where}: {type(error).__name__}; try again, and leave AWS out if it stays"


def _refusal(code: str, action: str, region: str, where: str) -> str:
    if code in _THROTTLED:
        return f"AWS, {where}: too many requests, after {_TRIES} tries ({code}); try again in some minutes"
    if code in _EXPIRED:
        return f"AWS, {where}: the credentials have expired ({code}); sign in again (aws sso login)"
    if code in _FORBIDDEN:
        return f"AWS, {where}: not allowed ({code}); let the role do {action}"
    if code in _UNKNOWN_KEYS:
        return (
            f"AWS, {where}: the credentials are not accepted ({code}); see that they are right and {region} is enabled"
        )
    if code == "ResourceNotFoundException":
        return f"AWS, {where}: there is no such thing there; see that the name and the region are right"
    return f"AWS, {where}: refused ({code}); try again, and leave AWS out if it stays"


def _kinds(faults: Any, names: tuple[str, ...]) -> tuple[type[Exception], ...]:
    return tuple(getattr(faults, name) for name in names)
