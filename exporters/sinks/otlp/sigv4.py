"""Signs requests for CloudWatch's OTLP endpoint (Signature Version 4). It takes them from whom an IAM policy allows
cloudwatch:PutMetricData."""

from __future__ import annotations

from collections.abc import Generator

import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from exporters.sinks.delivery.batch import Later
from exporters.sinks.sink import SinkFailed

_SERVICE = "monitoring"
_SIGNED = ("content-type", "content-encoding")  # beside host, and what the signing adds


class SigV4(httpx2.Auth):
    """Credentials come by AWS's default chain, which renews them; each request is signed with those of its moment."""

    requires_request_body = True

    def __init__(self, region: str | None) -> None:
        self._session = Session()
        self._region = region or self._session.get_config_variable("region")
        if not self._region:
            raise SinkFailed("otlp: which region is to be signed for? Set AWS_DEFAULT_REGION")

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        try:
            credentials = self._session.get_credentials()
            frozen = credentials.get_frozen_credentials() if credentials else None
        except BotoCoreError as error:
            raise Later(f"no AWS credentials: {type(error).__name__}") from None
        if frozen is None:
            raise Later("no AWS credentials: none are configured here")
        headers = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        signed = AWSRequest("POST", str(request.url), headers=headers, data=request.content)
        SigV4Auth(frozen, _SERVICE, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request
