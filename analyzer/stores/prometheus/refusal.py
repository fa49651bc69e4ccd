"""What a status other than 200 means: which error of `errors`, and what the server said about it."""

from __future__ import annotations

import email.utils
import re
import time

import httpx2
import msgspec

from analyzer.stores.prometheus.errors import Refused, TooMuch, Transient, Unauthorised
from exporters.source import SourceFailed

_LONGEST = 300
_BUSY = (429, 500, 502, 503, 504)
# Limits on how many may ask at once: a matter of time, though their texts speak of limits too.
_QUEUE = re.compile(r"concurren|outstanding|queue", re.IGNORECASE)
# Prometheus, VictoriaMetrics, Thanos, Mimir and Cortex, in this order.
_LIMIT = re.compile(
    r"too many samples|exceeded sample limit|exceeded maximum resolution|query timed out|deadline exceeded"
    r"|timeout exceeded|exceeds \d|-search\.max|not enough memory|too many points"
    r"|exceeded (?:series|chunks|samples|bytes) limit|limit .{0,40}violated"
    r"|err-mimir-max|exceed(?:s|ed) the (?:limit|maximum)|limit exceeded|the query hit the max",
    re.IGNORECASE,
)
# VictoriaMetrics puts the client's address and the request in front.
_ECHO = re.compile(r'remoteAddr: "[^"]*";\s*(?:X-Forwarded-For: [^;]*;\s*)?requestURI: \S*;\s*')

_CREDENTIALS = "give other credentials (--bearer-token-file, --basic-auth-user, --header, --cert-file or --sigv4)"


class _Error(msgspec.Struct):
    error: str = ""
    errorType: str = ""  # noqa: N815 - the server's spelling


def refusal(response: httpx2.Response, body: bytes, where: str) -> SourceFailed:
    """The error for an answer that is no 200; `where` names server and path without secrets."""
    status, told = response.status_code, _told(body, response.headers.get("content-type", ""))
    text = f"{where} answers {status}" + (f" ({told.error[-_LONGEST:]})" if told.error else "")
    if status in (401, 403):
        return Unauthorised(f"{text}: {_CREDENTIALS}", status)
    if 300 <= status < 400:
        return Refused(f"{text}, a redirect: give the URL that it leads to (a login page in front?)", status)
    is_limit = status == 413 or told.errorType == "timeout" or _LIMIT.search(told.error)
    if status != 429 and is_limit and not _QUEUE.search(told.error):
        return TooMuch(text)
    if status in _BUSY:
        return Transient(text, retry_after_seconds(response.headers.get("retry-after", "")))
    return Refused(text, status)


def _told(body: bytes, content_type: str) -> _Error:
    """The server's own words, shortened; of a page for people (a proxy's) nothing."""
    try:
        told = msgspec.json.decode(body, type=_Error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        is_text = content_type.partition(";")[0].strip().lower() == "text/plain"
        told = _Error(body.decode(errors="replace") if is_text else "")
    words = " ".join(_ECHO.sub("", told.error).split())
    shown = "".join(letter for letter in words if letter.isprintable())
    return _Error(shown, told.errorType)


def retry_after_seconds(header: str, now: float | None = None) -> float | None:
    """How long to wait: seconds, or until a date; nothing where the header says neither."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, until.timestamp() - (time.time() if now is None else now))
