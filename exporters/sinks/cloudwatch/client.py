"""boto3's clients for one region, with the credentials that boto3 finds (IRSA, Pod Identity, a profile, the machine's).

boto3 itself tries nothing twice: what fails waits in the spool, where it is counted and others wait behind it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any

from exporters.source import GpuyieldError

_MAKING = Lock()  # boto3 makes clients in one thread only; using them in several is fine
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0


@cache
def client(service: str, region: str | None, endpoint_url: str | None, answer_seconds: float = ANSWER_SECONDS) -> Any:
    """Raises GpuyieldError without boto3, or where no region is known."""
    boto3 = library("boto3")
    config = library("botocore.config").Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=answer_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    try:
        with _MAKING:
            return boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=config)
    except library("botocore.exceptions").NoRegionError:
        raise GpuyieldError(
            "which region of AWS? Give region=NAME after --sink cloudwatch:, or set AWS_REGION"
        ) from None


def library(name: str) -> Any:
    """boto3 and what is in botocore, loaded when it is needed."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise GpuyieldError("sending to CloudWatch needs boto3: pip install 'gpuyield[aws]'") from None
