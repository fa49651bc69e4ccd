"""Basic authentication against bcrypt hashes: each pair of user and password is worked out once, then remembered."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from threading import Lock

from exporters.source import GpuyieldError

_REMEMBERED = 100
_WAIT_SECONDS = 5.0
# Of a password that nobody knows: an unknown user takes as long to refuse as a known one.
_NOBODY = "$2b$10$RwIXOH3H6zPhgh0JVN6BEOFyDTY6DnAZ.Y9Lm6DS2Yx87sn6fqMUq"
_LONGEST_PASSWORD = 72  # bytes that bcrypt looks at


class TooBusy(GpuyieldError):
    """Others are being checked, one at a time: whoever guesses passwords must not take the whole processor."""


class Passwords:
    """What it remembers is keyed by a secret of this process, so that its memory holds no password."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._lock = Lock()
        self._known: dict[bytes, bool] = {}

    def allows(self, header: str, users: Mapping[str, str]) -> bool:
        """Whether this Authorization header is one of a user. Raises TooBusy."""
        user, password = _credentials(header)
        password_hash = users.get(user, _NOBODY)
        digest = self._digest(user, password, password_hash)
        is_right = self._known.get(digest)
        if is_right is None:
            is_right = self._checked(password, password_hash, digest)
        return is_right and user in users

    def _checked(self, password: str, password_hash: str, digest: bytes) -> bool:
        import bcrypt

        if not self._lock.acquire(timeout=_WAIT_SECONDS):
            raise TooBusy("too many passwords to check")
        try:
            secret = password.encode()
            is_right = len(secret) <= _LONGEST_PASSWORD and bcrypt.checkpw(secret, password_hash.encode())
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[digest] = is_right
            return is_right
        finally:
            self._lock.release()

    def _digest(self, *texts: str) -> bytes:
        lengths = ",".join(str(len(text)) for text in texts)
        return hmac.digest(self._key, "\0".join((lengths, *texts)).encode(errors="surrogatepass"), hashlib.sha256)


def _credentials(header: str) -> tuple[str, str]:
    """("", "") where there are none."""
    scheme, _, code = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(code.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
