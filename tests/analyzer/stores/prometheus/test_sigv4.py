"""Requests for Amazon carry a signature that Amazon would compute too, from what really went over the wire."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

import pytest

from analyzer.stores.prometheus.errors import Transient, Unauthorised
from analyzer.stores.prometheus.sigv4 import Signing, SigV4
from exporters.source import GpuyieldError
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply, text_reply

credentials = pytest.importorskip("botocore.credentials", reason="boto3 is not there")
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+="


def signature(asked: Asked, signed: list[str], date: str, region: str) -> str:
    """AWS Signature Version 4, from its specification."""
    parts = urlsplit(asked.target)
    canonical = "\n".join(
        [
            asked.method,
            parts.path,
            "&".join(sorted(parts.query.split("&"))) if parts.query else "",
            *(f"{name}:{' '.join(asked.headers[name].split())}" for name in signed),
            "",
            ";".join(signed),
            hashlib.sha256(asked.body).hexdigest(),
        ]
    )
    scope = f"{date[:8]}/{region}/aps/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def strict(asked: Asked) -> Reply:
    """As Amazon: 403 for any signature but the right one."""
    kind, _, rest = asked.headers.get("authorization", "").partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(",")) if rest else {}
    signed = fields.get("SignedHeaders", "").split(";")
    if kind != "AWS4-HMAC-SHA256" or not {"host", "x-amz-date", "x-amz-security-token"} <= set(signed):
        return text_reply("Missing Authentication Token", "403 Forbidden")
    right = signature(asked, signed, asked.headers["x-amz-date"], "eu-west-1")
    return json_reply("{}") if fields["Signature"] == right else text_reply("signature", "403 Forbidden")


@pytest.fixture
def keys() -> Any:
    return credentials.Credentials(KEY, SECRET, TOKEN)


def test_signed_as_amazon_wants_it(start: Start, client: Ask, keys: Any) -> None:
    replay = start(strict)
    auth = SigV4(Signing("eu-west-1"), keys)
    server = client(replay.url + "/workspaces/ws-1", auth=auth)
    for query in ('a{b="1 + é&=?#%20~*"}[5m]', "x" * 3000, "up"):
        assert server.post_form("/api/v1/query", [("query", query), ("match[]", "{}"), ("time", "")]) == b"{}"
    with server.post("/api/v1/read", b"\x00\xff", {"Content-Type": "application/x-protobuf"}) as answer:
        assert b"".join(answer.chunks()) == b"{}"
    assert [one.method for one in replay.asked] == ["GET", "POST", "GET", "POST"]


def test_nothing_of_the_signature_is_shown(start: Start, client: Ask, keys: Any) -> None:
    auth = SigV4(Signing("us-east-1"), keys)  # another region: refused
    with pytest.raises(Unauthorised) as caught:
        client(start(strict).url, auth=auth).get("/api/v1/query")
    for secret in (KEY, SECRET, TOKEN, "AWS4-HMAC"):
        assert secret not in str(caught.value) + repr(auth)


@pytest.fixture
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.mark.usefixtures("without_credentials")
def test_no_credentials_anywhere() -> None:
    with pytest.raises(GpuyieldError, match="aws sso login"):
        SigV4(Signing("eu-west-1"))


ASSUMED = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{KEY}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
DENIED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>no, secret</Message></Error></ErrorResponse>"""


@pytest.mark.usefixtures("without_credentials")
@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_role_is_assumed_first(start: Start, client: Ask, monkeypatch: pytest.MonkeyPatch, is_allowed: bool) -> None:
    sts = start(lambda asked: text_reply(ASSUMED) if is_allowed else text_reply(DENIED, "403 Forbidden"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
    auth = SigV4(Signing("eu-west-1", "arn:aws:iam::123456789012:role/reader", "outside"))
    server = client(start(strict).url, auth=auth)
    if is_allowed:
        assert server.get("/api/v1/query") == b"{}"
        asked = dict(sts.asked[0].parameters)
        assert (asked["RoleArn"], asked["ExternalId"]) == ("arn:aws:iam::123456789012:role/reader", "outside")
    else:
        with pytest.raises(Unauthorised, match="AccessDenied") as caught:
            server.get("/api/v1/query")
        assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("without_credentials")
def test_no_answer_from_sts(start: Start, client: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server = client("http://127.0.0.1:1", auth=SigV4(Signing("eu-west-1", "arn:aws:iam::123456789012:role/x")))
    with pytest.raises(Transient, match="no answer"):
        server.get("/x")
