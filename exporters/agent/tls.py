"""The server's side of TLS. Certificates are read again when their files change, as they do every few weeks."""

from __future__ import annotations

import ssl
from threading import Lock

from exporters.agent.log import Log
from exporters.agent.web_config import Tls, WebConfigError, state_of


class TlsContexts:
    """Gives the context for a new connection; while new files are broken the last good one stays."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = Lock()
        self._made_of: tuple[object, ...] | None = None
        self._context: ssl.SSLContext | None = None

    def context(self, tls: Tls) -> ssl.SSLContext:
        """Raises WebConfigError where there is no good one yet."""
        files = [tls.cert_file, tls.key_file, *([tls.client_ca_file] if tls.client_ca_file else [])]
        made_of = (tls, *state_of(*files))
        with self._lock:
            if self._context is None or made_of != self._made_of:
                try:
                    self._context = make_context(tls)
                except WebConfigError as error:
                    if self._context is None:
                        raise
                    self._log.error("certificates are broken, the last ones stay", reason=str(error))
                self._made_of = made_of
            return self._context


def make_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = tls.min_version
    try:
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
        if tls.client_ca_file:
            context.load_verify_locations(tls.client_ca_file)
    except OSError as error:  # ssl.SSLError is one
        files = f"{tls.cert_file}, {tls.key_file}" + (f", {tls.client_ca_file}" if tls.client_ca_file else "")
        raise WebConfigError(f"TLS cannot be set up from {files}: {error.strerror or error.args[-1]}") from None
    context.verify_mode = tls.clients
    return context


def _no_password() -> str:
    """Without it OpenSSL would ask at the terminal for that of an encrypted key."""
    return ""
