"""Signs requests for Amazon Managed Prometheus with the credentials that the AWS tools would use (extra `aws`)."""

from __future__ import annotations

import functools
from collections.abc import Generator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx2

from analyzer.stores.prometheus.errors import Transient, Unauthorised
from exporters.source import GpuyieldError

SERVICE = "aps"
_SIGNED = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


@dataclass(frozen=True, slots=True)
class Signing:
    """For which region, and as whom: `role_arn` is assumed first where it is given."""

    region: str
    role_arn: str = ""
    external_id: str = ""


class SigV4(httpx2.Auth):
    """Adds the signature to each request. `credentials` are botocore's; without them the default chain is asked."""

    requires_request_body = True

    def __init__(self, signing: Signing, credentials: Any = None) -> None:
        self._region = signing.region
        self._credentials = credentials or _credentials(signing)
        self._auth = _botocore("botocore.auth").SigV4Auth
        self._request = _botocore("botocore.awsrequest").AWSRequest

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Signs what goes out, byte for byte: method, path, query, host and body."""
        headers = {"Host": request.headers["host"]}
        if "content-type" in request.headers:
            headers["Content-Type"] = request.headers["content-type"]
        signed = self._request(request.method, str(request.url), headers=headers, data=request.content)
        self._auth(self._keys(), SERVICE, self._region).add_auth(signed)
        for name in _SIGNED:
            if name in signed.headers:
                request.headers[name] = signed.headers[name]
        yield request

    def _keys(self) -> Any:
        """Frozen, so that a refresh in another thread cannot mix two sets of keys."""
        faults = _botocore("botocore.exceptions")
        try:
            return self._credentials.get_frozen_credentials()
        except (faults.HTTPClientError, faults.ConnectionError) as error:
            raise Transient(f"AWS credentials: no answer ({type(error).__name__})") from None
        except (faults.BotoCoreError, faults.ClientError) as error:
            response = getattr(error, "response", {})
            why = response.get("Error", {}).get("Code") or type(error).__name__
            raise Unauthorised(f"AWS gives no credentials ({why}): log in again, or mend --assume-role", 403) from None


def _credentials(signing: Signing) -> Any:
    session = _botocore("botocore.session").get_session()
    own = session.get_credentials()
    if own is None:
        raise GpuyieldError("--sigv4: no AWS credentials were found; log in (aws sso login) or set AWS_PROFILE")
    if not signing.role_arn:
        return own
    chain = _botocore("botocore.credentials")
    fetcher = chain.AssumeRoleCredentialFetcher(
        client_creator=functools.partial(session.create_client, region_name=signing.region),
        source_credentials=own,
        role_arn=signing.role_arn,
        extra_args={"ExternalId": signing.external_id} if signing.external_id else None,
    )
    return chain.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def _botocore(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise GpuyieldError("signing for AWS needs boto3: pip install 'gpuyield[aws]'") from None
