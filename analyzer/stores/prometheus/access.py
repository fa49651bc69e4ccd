"""How a Prometheus-compatible server is reached: its URL, who asks, TLS, time limit; and the options that say so."""

from __future__ import annotations

import argparse
import re
import ssl
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import httpx2

from analyzer.stores.prometheus.sigv4 import Signing, SigV4
from exporters.recording.access import parse_headers, tls_context
from exporters.recording.duration import parse_duration
from exporters.recording.fetch import read_token
from exporters.source import GpuyieldError, SourceFailed

Parameters = Sequence[tuple[str, str]]

TIMEOUT_SECONDS = 120.0
_NO_PROXY = "The URL is asked directly: proxies and .netrc of the environment are not used."
_AMAZON_HOST = re.compile(r"aps-workspaces(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws)\b")


class AccessError(GpuyieldError):
    """The options for reaching a server do not make sense."""


def _by_itself(status: int, body: bytes) -> SourceFailed | None:
    del status, body
    return None


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """`url` is what the API's paths are put after. What may hold a secret is left out of what is printed.

    `parameters` go with every question, for example Thanos' dedup. `description` is how messages name the server where
    its URL would say nothing to people. `refused` explains an answer (status, body) that somebody on the way gave and
    not the server; `uses_proxies`: those of the environment, as for whatever else goes to the same place.
    """

    url: str
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    auth: httpx2.Auth | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Parameters = field(default=(), repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    description: str = ""
    refused: Callable[[int, bytes], SourceFailed | None] = field(default=_by_itself, repr=False)
    uses_proxies: bool = False

    @property
    def shown(self) -> str:
        """How messages name the server, without secrets."""
        return self.description or self.url

    def where(self, path: str) -> str:
        """How messages name one of its paths."""
        return f"{self.description} ({path})" if self.description else f"{self.url}{path}"

    @property
    def is_secret(self) -> bool:
        """Whether something goes along that no other server may see."""
        return bool(self.auth or self.headers or self.parameters)

    @property
    def is_amazon(self) -> bool:
        """Whether it is Amazon Managed Prometheus, which has the query API only."""
        return isinstance(self.auth, SigV4) or bool(amazon_region(self.url))


class Bearer(httpx2.Auth):
    """The token of a file, read for each request: tokens rotate."""

    def __init__(self, file: Path) -> None:
        self._file = file
        read_token(file)  # says at the start what would else fail later

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {read_token(self._file)}"
        yield request


class Basic(httpx2.Auth):
    """User and the password of a file, read for each request."""

    def __init__(self, user: str, password_file: Path) -> None:
        self._user, self._file = user, password_file
        self._password()

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        yield from httpx2.BasicAuth(self._user, self._password()).auth_flow(request)

    def _password(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise AccessError(f"--basic-auth-password-file {self._file} cannot be read: {why}") from None


def add_access_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for reaching the server of `--prometheus`."""
    add = parser.add_argument_group("reaching the server", _NO_PROXY).add_argument
    add(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="sent with each request and never shown, for example 'X-Scope-OrgID: team'; may be repeated",
    )
    add("--basic-auth-user", metavar="NAME", help="with --basic-auth-password-file")
    add("--basic-auth-password-file", type=Path, metavar="FILE", help="its first line is the password")
    add("--bearer-token-file", type=Path, metavar="FILE", help="its token is sent; read each time")
    add("--ca-file", type=Path, metavar="FILE", help="PEM certificates to trust beside the system's")
    add("--cert-file", type=Path, metavar="FILE", help="PEM client certificate, for servers that want one")
    add("--key-file", type=Path, metavar="FILE", help="its key, where it is not in the same file")
    add("--insecure-skip-verify", action="store_true", help="take any TLS certificate")
    add("--sigv4", action="store_true", help="sign for Amazon Managed Prometheus with your AWS credentials")
    add("--sigv4-region", metavar="REGION", help="where the URL does not name it; implies --sigv4")
    add("--assume-role", metavar="ARN", help="sign as this role; implies --sigv4")
    add("--external-id", metavar="ID", help="what the role of --assume-role asks for")
    add("--timeout", type=_duration, default=TIMEOUT_SECONDS, metavar="TIME", help="of one request (default: 2m)")


def access_of(arguments: argparse.Namespace) -> ServerAccess:
    """What the options and the URL of `--prometheus` say."""
    parts = _parts(arguments.prometheus)
    headers = parse_headers(arguments.header)
    tls = tls_context(arguments.ca_file, arguments.insecure_skip_verify)
    _add_certificate(tls, arguments.cert_file, arguments.key_file)
    place = parts.netloc.rpartition("@")[2]
    url = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
    auth = _auth(arguments, parts, headers, url)
    parameters = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return ServerAccess(url, tls, auth, headers, parameters, arguments.timeout)


def amazon_region(url: str) -> str:
    """The region of a workspace of Amazon Managed Prometheus, "" for other URLs."""
    found = _AMAZON_HOST.match(urlsplit(url).hostname or "")
    return found[1] if found else ""


def _parts(url: str) -> SplitResult:
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        httpx2.URL(full)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except (ValueError, httpx2.InvalidURL):
        is_usable = False
    if not is_usable:
        # Not repeated: it may hold a password.
        raise AccessError("--prometheus: that is no URL; write http://HOST:PORT or https://HOST/PREFIX")
    return parts


def _auth(
    arguments: argparse.Namespace, parts: SplitResult, headers: Mapping[str, str], url: str
) -> httpx2.Auth | None:
    is_signed = bool(arguments.sigv4 or arguments.sigv4_region or arguments.assume_role)
    given = {
        "user and password in the URL": parts.username is not None,
        "--basic-auth-user": bool(arguments.basic_auth_user or arguments.basic_auth_password_file),
        "--bearer-token-file": bool(arguments.bearer_token_file),
        "--sigv4": is_signed,
        "--header Authorization": any(name.lower() == "authorization" for name in headers),
    }
    kinds = [kind for kind, is_given in given.items() if is_given]
    if len(kinds) > 1:
        raise AccessError(f"{' and '.join(kinds)} exclude each other: give one of them")
    if bool(arguments.basic_auth_user) != bool(arguments.basic_auth_password_file):
        raise AccessError("--basic-auth-user and --basic-auth-password-file go together: give both")
    if arguments.external_id and not arguments.assume_role:
        raise AccessError("--external-id is for a role: give --assume-role too")
    if parts.username is not None:
        return httpx2.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
    if arguments.basic_auth_user:
        return Basic(arguments.basic_auth_user, arguments.basic_auth_password_file)
    if arguments.bearer_token_file:
        return Bearer(arguments.bearer_token_file)
    return SigV4(_signing(arguments, url)) if is_signed else None


def _signing(arguments: argparse.Namespace, url: str) -> Signing:
    region = arguments.sigv4_region or amazon_region(url)
    if not region:
        raise AccessError("--sigv4: the URL names no AWS region; give --sigv4-region, for example eu-west-1")
    return Signing(region, arguments.assume_role or "", arguments.external_id or "")


def _add_certificate(tls: ssl.SSLContext, certificate: Path | None, key: Path | None) -> None:
    if certificate is None:
        if key is not None:
            raise AccessError("--key-file is of no use without --cert-file: give both")
        return
    try:
        # An empty password, so that an encrypted key is refused instead of asked for on the terminal.
        tls.load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise AccessError(
            f"--cert-file {certificate} cannot be used: {error.strerror or error}; certificate and key must be PEM,"
            " the key not encrypted"
        ) from None


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
