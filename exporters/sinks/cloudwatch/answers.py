"""What an error of AWS means for a batch: come again, or never. Its text is not handed on, only its name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from exporters.sinks.cloudwatch.client import library
from exporters.sinks.delivery.batch import Later, Refused

_TOO_MUCH = frozenset({"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"})
_TOO_MUCH |= {"RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "LimitExceededException"}
# What somebody can mend while the batch waits: rights, keys, the clock of this machine.
_RIGHTS = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"}
    | {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken"}
    | {"MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException"}
    | {"SignatureDoesNotMatch", "InvalidSignatureException", "NotAuthorized"}
    | {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
)
_NOT_THERE = "ResourceNotFoundException"
REFUSED = "refused"


class NotThere(Exception):
    """The log group or stream does not exist (yet)."""


@contextlib.contextmanager
def translated(action: str) -> Iterator[None]:
    """`action` is named in the text, as IAM writes it: logs:PutLogEvents."""
    faults = library("botocore.exceptions")
    try:
        yield
    except faults.ClientError as error:
        raise _of_client(action, error.response) from None
    except faults.NoCredentialsError:
        raise Later(f"{action}: no credentials of AWS are found; see how boto3 finds them") from None
    except faults.ParamValidationError as error:
        raise Refused(REFUSED, f"{action}: {type(error).__name__}") from None
    except faults.BotoCoreError as error:  # not reached, cut off, no answer in time, credentials that are away
        raise Later(f"{action}: {type(error).__name__}") from None


def _of_client(action: str, response: dict[str, Any]) -> Exception:
    code = str(response.get("Error", {}).get("Code", ""))
    about = response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode", 0))
    text = f"{action}: {code} (HTTP {status})"
    if code == _NOT_THERE:
        return NotThere(text)
    if code in _RIGHTS:
        return Later(f"{text}; see `gpuyield permissions iam --for cloudwatch`")
    if code in _TOO_MUCH or status == 429 or status >= 500 or status == 408 or not code:
        return Later(text, _seconds(about.get("HTTPHeaders", {}).get("retry-after")))
    return Refused(REFUSED, text)


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:
        return None  # a date: the wait that doubles is as good
