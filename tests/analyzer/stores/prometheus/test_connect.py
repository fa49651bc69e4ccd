"""The way out that costs a server least is taken, and the report can say which one it was."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.connect import connect
from exporters.source import SourceFailed
from tests.analyzer.conftest import START, Scene, every
from tests.analyzer.stores.prometheus.conftest import Asked, Reply, Start, text_reply
from tests.analyzer.stores.prometheus.go_between import READ, GoBetween
from tests.real_servers import prometheus, prometheus_binaries, victoria_metrics


def told(url: str) -> str:
    source = connect(ServerAccess(url))
    source.server.close()
    return source.description.replace(url, "URL")


def stored(folder: Path) -> Path:
    Scene().add("up", every(START, START + 60, 15)).store(folder / "store")
    return folder / "store"


def test_prometheus_is_read_remotely_and_else_by_its_query_api(tmp_path: Path, start: Start) -> None:
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")

    def without(asked: Asked) -> Reply | None:
        return text_reply("404 page not found\n", "404 Not Found") if asked.path == READ else None

    with prometheus(prometheus_binaries()[0], stored(tmp_path), tmp_path / "server") as running:
        assert told(running.url).startswith("Prometheus 2.")
        assert told(running.url).endswith(" at URL, by remote read")
        assert told(start(GoBetween(running.url, without)).url).endswith(" at URL, by range selectors")


def test_victoria_metrics_exports(tmp_path: Path) -> None:
    with victoria_metrics(stored(tmp_path), tmp_path / "server") as running:
        assert told(running.url) == "VictoriaMetrics at URL, by export"


def test_something_else_than_a_prometheus_is_told(start: Start) -> None:
    url = start(lambda asked: text_reply("<html>welcome</html>", headers="Content-Type: text/html\r\n")).url
    threads = threading.active_count()
    with pytest.raises(SourceFailed, match=r"does not answer as Prometheus would: is the URL that of its API\?"):
        connect(ServerAccess(url))
    assert threading.active_count() <= threads + 1  # the double's own, for the connection
