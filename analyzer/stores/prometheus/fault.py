"""What it means when HTTP itself fails: no connection, no whole answer, or TLS that does not agree."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from analyzer.stores.prometheus.errors import Transient
from exporters.http_text import reason
from exporters.source import SourceFailed

_FINAL = ("ALERT", "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL", "KEY_VALUES_MISMATCH")


def late(where: str, limit_seconds: float) -> Transient:
    """It answers too slowly, or not at all."""
    return Transient(f"{where}: no whole answer within {limit_seconds:g} s (--timeout)")


@contextmanager
def http_faults(where: str, limit_seconds: float) -> Iterator[None]:
    """Turns the HTTP library's errors into ours; `where` names server and path without secrets."""
    try:
        yield
    except httpx2.TimeoutException:
        raise late(where, limit_seconds) from None
    except (httpx2.InvalidURL, httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects) as error:
        raise SourceFailed(f"{where} cannot be asked: {type(error).__name__}") from None
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        disagreement = _tls_disagreement(error)
        if disagreement:
            raise SourceFailed(f"{where}: TLS: {disagreement}; see --ca-file, --cert-file and --key-file") from None
        # Without `from None` a traceback would show the request.
        raise Transient(f"{where}: {reason(error)}") from None


def _tls_disagreement(error: BaseException | None) -> str:
    """What no other try would mend; an end in the middle of the talk is not of this kind."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or "the certificate cannot be verified"
        if isinstance(error, ssl.SSLError) and any(mark in (error.reason or "") for mark in _FINAL):
            return (error.reason or "").lower().replace("_", " ")
        error = error.__cause__ or error.__context__
    return ""
