"""From a URL to a source: what the server is, and the way out of it that costs it least."""

from __future__ import annotations

from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.download import Source
from analyzer.stores.prometheus.export import Export
from analyzer.stores.prometheus.flavour import probe
from analyzer.stores.prometheus.points import Reader
from analyzer.stores.prometheus.query_api import QueryApi, RangeSelector
from analyzer.stores.prometheus.remote_read.reader import RemoteRead
from analyzer.stores.prometheus.server import Server


def connect(access: ServerAccess, cluster_label: str = "") -> Source:
    """Asks the server what it is. Raises `SourceFailed`."""
    server = Server(access)
    try:
        return source_of(server, cluster_label)
    except BaseException:
        server.close()
        raise


def source_of(server: Server, cluster_label: str = "") -> Source:
    """The same with a client that is there already, and that stays open where this fails."""
    flavour = probe(server)
    warnings: set[str] = set()
    api = QueryApi(server, flavour.parameters, warnings.add)
    raw: Reader
    if flavour.has_remote_read:
        raw, way = RemoteRead(server), "remote read"
    elif flavour.has_export:
        raw, way = Export(server), "export"
    else:
        raw, way = RangeSelector(api), "range selectors"
    return Source(server, api, raw, flavour, f"{flavour.title} at {server.shown}, by {way}", warnings, cluster_label)
