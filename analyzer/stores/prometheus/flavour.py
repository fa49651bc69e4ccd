"""Which program a server is, as far as it lets one know, and so which way its raw samples are best read."""

from __future__ import annotations

import time
from dataclasses import dataclass

import msgspec

from analyzer.stores.prometheus.access import Parameters
from analyzer.stores.prometheus.export import PATH as EXPORT
from analyzer.stores.prometheus.query_api import QueryApi, seconds
from analyzer.stores.prometheus.remote_read.remote_pb2 import ReadRequest
from analyzer.stores.prometheus.remote_read.request import HEADERS, request_body
from analyzer.stores.prometheus.remote_read.request import PATH as READ
from analyzer.stores.prometheus.selector import Selector
from analyzer.stores.prometheus.server import Server
from exporters.source import SourceFailed

# Copies of a series merged, whole answers or none, and no downsampled data: counters would be off.
THANOS_PARAMETERS: Parameters = (("dedup", "true"), ("partial_response", "false"), ("max_source_resolution", "0s"))
_TITLES = {
    "prometheus": "Prometheus",
    "victoria-metrics": "VictoriaMetrics",
    "thanos": "Thanos",
    "mimir": "Mimir",
    "cortex": "Cortex",
    "amazon": "Amazon Managed Prometheus",
}
_NOTHING = Selector.of("gpuyield_no_such_series")


@dataclass(frozen=True, slots=True)
class Flavour:
    """`product` is prometheus, victoria-metrics, thanos, mimir, cortex, amazon or unknown; `version` "" where it is
    not told. What is neither read remotely nor exported is read through the query API."""

    product: str
    version: str = ""
    has_remote_read: bool = False
    has_export: bool = False

    @property
    def title(self) -> str:
        """For people: Prometheus 2.42.0."""
        return f"{_TITLES.get(self.product, 'Prometheus-compatible server')} {self.version}".rstrip()

    @property
    def parameters(self) -> Parameters:
        """What has to go with each question of the query API."""
        return THANOS_PARAMETERS if self.product == "thanos" else ()


class _Build(msgspec.Struct):
    version: str = ""
    application: str = ""
    goVersion: str = ""  # noqa: N815 - the server's spelling; there even where the version was not built in


class _BuildInfo(msgspec.Struct):
    data: _Build


class _Stores(msgspec.Struct):
    data: dict[str, list[msgspec.Raw] | None]


def probe(server: Server) -> Flavour:
    """A few requests that ask for nothing. Raises where the query API itself does not answer, so it is the place to
    learn of a wrong URL or missing credentials; any other API that does not answer is one that is not there."""
    QueryApi(server).instant("vector(1)", round(time.time() * 1000))
    if server.access.is_amazon:
        return Flavour("amazon")
    build = _build(server)
    has_export = _has_export(server)
    product = "victoria-metrics" if has_export else _product(server, build)
    version = "" if has_export else build.version  # VictoriaMetrics gives none, or a made-up one
    return Flavour(product, version, not has_export and _has_remote_read(server), has_export)


def _product(server: Server, build: _Build) -> str:
    for name in ("mimir", "cortex"):
        if name in build.application.lower():
            return name
    if _has_stores(server):
        return "thanos"
    return "prometheus" if build.version or build.goVersion else "unknown"


def _build(server: Server) -> _Build:
    try:
        body = server.attempts(lambda: server.get("/api/v1/status/buildinfo"))
        return msgspec.json.decode(body, type=_BuildInfo).data
    except (SourceFailed, msgspec.DecodeError, UnicodeDecodeError):
        return _Build()


def _has_export(server: Server) -> bool:
    now = seconds(round(time.time() * 1000))
    asked = [("match[]", _NOTHING.promql), ("start", now), ("end", now)]

    def ask() -> bool:
        with server.stream(EXPORT, asked) as answer:
            return "json" in answer.content_type and not b"".join(answer.chunks()).strip()

    try:
        return server.attempts(ask)
    except SourceFailed:
        return False


def _has_remote_read(server: Server) -> bool:
    now = round(time.time() * 1000)
    body = request_body(_NOTHING, now, now, ReadRequest.STREAMED_XOR_CHUNKS)

    def ask() -> bool:
        with server.post(READ, body, HEADERS) as answer:
            return "protobuf" in answer.content_type

    try:
        return server.attempts(ask)
    except SourceFailed:
        return False


def _has_stores(server: Server) -> bool:
    try:
        body = server.attempts(lambda: server.get("/api/v1/stores"))
        return bool(msgspec.json.decode(body, type=_Stores).data)
    except (SourceFailed, msgspec.DecodeError, UnicodeDecodeError):
        return False
