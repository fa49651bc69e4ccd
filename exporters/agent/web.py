"""Serves the site over HTTP or TLS.

It is the standard library's server, a thread for each connection: an agent has a handful of clients that ask every
few seconds, so a framework would be the larger part of it. What that server lacks (limits on time, bytes, connections
and work, TLS outside the thread that accepts) is added here and in connection.py.
"""

from __future__ import annotations

import io
import socket
import ssl
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import Any

from exporters.agent.connection import REQUEST_SECONDS, Connections, RequestBytes
from exporters.agent.log import Log
from exporters.agent.passwords import Passwords, TooBusy
from exporters.agent.sampling import place_of
from exporters.agent.settings import Address
from exporters.agent.site import OPEN_PATHS, Reply, Site, refusal
from exporters.agent.tls import TlsContexts
from exporters.agent.web_config import WebConfig, WebConfigFile
from exporters.source import GpuyieldError

_AT_ONCE = 32
_WAITING = 256  # connections that the system holds until they are accepted


class ListenError(GpuyieldError):
    """The address cannot be listened on."""


class WebServer(ThreadingHTTPServer):
    """Listens from the moment it is made."""

    daemon_threads = True
    request_queue_size = _WAITING

    def __init__(self, address: Address, site: Site, config: WebConfigFile | None, log: Log) -> None:
        self.site = site
        self.log = log
        self.passwords = Passwords()
        self.work = BoundedSemaphore(_AT_ONCE)
        self.connections = Connections()
        self._accepting: Thread | None = None
        self._config = config
        self._contexts = TlsContexts(log)
        if tls := self.config.tls:
            self._contexts.context(tls)  # says now what would else fail at each connection
        self._listen(address)

    def _listen(self, address: Address) -> None:
        every = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
        host = address.host or every
        try:
            self.address_family = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0][0]
            super().__init__((host, address.port), _Handler)
        except OSError as error:
            raise ListenError(f"cannot listen on {address}: {error.strerror}; give another --listen") from None

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def config(self) -> WebConfig:
        return self._config.current() if self._config else WebConfig()

    @property
    def url(self) -> str:
        host, port = self.socket.getsockname()[:2]
        near = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)
        return f"{'https' if self.config.tls else 'http'}://{Address(near, port)}"

    def start(self) -> None:
        self._accepting = Thread(target=self.serve_forever, args=(0.1,), name="accept", daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """No new connections; what is being answered may be answered."""
        if self._accepting:  # else the standard library would wait for ever
            self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.connections.enter(client_address, request):
            super().process_request(request, client_address)
        else:
            self.log.warning("too many connections")
            self.shutdown_request(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """On the connection's own thread: the handshake of one client keeps no other waiting."""
        try:
            if tls := self.config.tls:
                request.settimeout(REQUEST_SECONDS)
                with self._contexts.context(tls).wrap_socket(request, server_side=True) as secured:
                    self.connections.replace(client_address, secured)
                    _Handler(secured, client_address, self)
            else:
                _Handler(request, client_address, self)
        except (OSError, HTTPException, ssl.SSLError):
            pass  # the client went away, was too slow, sent too much or knows no TLS: nothing to be mended here
        except Exception as error:  # noqa: BLE001 - a fault in one answer must not end the serving
            self.log.error("answer failed", reason=place_of(error))
        finally:
            self.connections.leave(client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """No thread could be started for it."""
        self.connections.leave(client_address)
        self.log.error("connection failed")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: WebServer

    def setup(self) -> None:
        super().setup()
        self._bytes = RequestBytes(self.connection)
        self.rfile = io.BufferedReader(self._bytes)

    def handle_one_request(self) -> None:
        self._bytes.expect_request()
        self.server.connections.idle(self.client_address)
        super().handle_one_request()

    def do_GET(self) -> None:
        self.server.connections.at_work(self.client_address)
        self.connection.settimeout(REQUEST_SECONDS)
        if self.headers.get("Transfer-Encoding") or self.headers.get("Content-Length", "0") != "0":
            self.close_connection = True  # a body is not read, and must not be taken for the next request
        self._send(self._reply())

    do_HEAD = do_GET  # noqa: N815 - the server finds methods by these names

    def refuse(self) -> None:
        self.close_connection = True
        self._send(refusal(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD"))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_CONNECT = do_TRACE = refuse  # noqa: N815

    def _reply(self) -> Reply:
        path = self.path.partition("?")[0]
        users = self.server.config.users
        if users and path not in OPEN_PATHS:
            try:
                is_allowed = self.server.passwords.allows(self.headers.get("Authorization", ""), users)
            except TooBusy:
                return refusal(HTTPStatus.SERVICE_UNAVAILABLE)
            if not is_allowed:
                return refusal(HTTPStatus.UNAUTHORIZED, WWW_Authenticate='Basic realm="gpuyield"')
        if not self.server.work.acquire(timeout=REQUEST_SECONDS):
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            accept = ",".join(self.headers.get_all("Accept", []))
            return self.server.site.reply(path, accept, ",".join(self.headers.get_all("Accept-Encoding", [])))
        finally:
            self.server.work.release()

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def version_string(self) -> str:
        return "gpuyield"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are no news."""
