"""Without being told, the last week of what is there is looked at, whether the server lives or only remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.connect import connect, source_of
from analyzer.stores.prometheus.errors import TooMuch
from analyzer.stores.prometheus.extent import extent
from analyzer.stores.prometheus.selector import Matcher, Operator
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, every
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply
from tests.analyzer.stores.prometheus.go_between import RANGE, GoBetween
from tests.real_servers import Running, prometheus, prometheus_binaries, victoria_metrics

MINUTE, HOUR, DAY = 60, 3_600, 86_400
Span = tuple[float, float]  # seconds before now


def _prometheus(store: Path, folder: Path) -> AbstractContextManager[Running]:
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")
    return prometheus(prometheus_binaries()[0], store, folder)


SERVERS: dict[str, Callable[[Path, Path], AbstractContextManager[Running]]] = {
    "prometheus": _prometheus,
    "victoria-metrics": victoria_metrics,
}


@contextmanager
def holding(server: str, folder: Path, *spans: Span, now: float = START) -> Iterator[str]:
    """A server that has a GPU's samples in these spans."""
    scene = Scene()
    for first, last in spans:
        scene.gpu("n", 0, every(now - first, now - last, 60), 0.5, cluster="a")
    scene.store(folder / "store")
    with SERVERS[server](folder / "store", folder / "server") as running:
        yield running.url


def found(url: str, now: float = START, also: tuple[Matcher, ...] = ()) -> Window | None:
    source = connect(ServerAccess(url))
    try:
        return extent(source.api, also, round(now * 1000))
    finally:
        source.server.close()


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("spans", "now", "expected"),
    [
        pytest.param([(DAY, 0)], START, (DAY, 0), id="a live server"),
        pytest.param([(25 * MINUTE, 0)], START + 40 * MINUTE, (25 * MINUTE, 0), id="set up a moment ago"),
        pytest.param([(50 * MINUTE, MINUTE)], START + 15, (50 * MINUTE, MINUTE), id="an hour old"),
        pytest.param([(9 * DAY, 0)], START, (7 * DAY, 0), id="more than a week"),
        pytest.param([(6 * DAY, 6 * DAY - HOUR), (2 * HOUR, HOUR)], START, (6 * DAY, HOUR), id="a hole of days"),
        pytest.param([(28 * HOUR + 50 * MINUTE, 28 * HOUR + 20 * MINUTE)], START, None, id="half an hour, yesterday"),
        pytest.param([(20 * DAY + 50 * MINUTE, 20 * DAY + 20 * MINUTE)], START, None, id="half an hour, weeks ago"),
        pytest.param([(60 * DAY, 59 * DAY)], START, None, id="a day two months ago"),
        pytest.param([(300 * DAY, 299 * DAY)], START, None, id="a day last winter"),
    ],
)
def test_what_is_there_is_found(
    tmp_path: Path, server: str, spans: list[Span], now: float, expected: Span | None
) -> None:
    first, last = expected or spans[0]
    with holding(server, tmp_path, *spans, now=now) as url:
        window = found(url, now)
        assert window == Window.of_seconds(now - first, now - last + 0.001)


@pytest.mark.parametrize("server", SERVERS)
def test_nothing_of_use_is_nothing(tmp_path: Path, server: str) -> None:
    with holding(server, tmp_path, (HOUR, 0)) as url:
        assert found(url, also=(Matcher("cluster", Operator.EQUAL, "b"),)) is None
        assert found(url, also=(Matcher("cluster", Operator.EQUAL, "a"),)) is not None


def short_sighted(longest_days: float) -> Callable[[Asked], Reply | None]:
    def spoil(asked: Asked) -> Reply | None:
        told = dict(asked.parameters)
        if asked.path != RANGE or float(told["end"]) - float(told["start"]) <= longest_days * DAY:
            return None
        why = "the query time range exceeds the limit (query length: 2160h, limit: 768h)"
        return json_reply('{"status":"error","errorType":"bad_data","error":"' + why + '"}', "400 Bad Request")

    return spoil


def test_a_server_that_does_not_look_far_back_has_nothing_there(tmp_path: Path, start: Start, client: Ask) -> None:
    with holding("prometheus", tmp_path, (60 * DAY, 59 * DAY)) as url:
        source = source_of(client(start(GoBetween(url, short_sighted(32))).url))
        assert extent(source.api, (), round(START * 1000)) is None


def test_a_server_that_refuses_a_week_says_so(tmp_path: Path, start: Start, client: Ask) -> None:
    with holding("prometheus", tmp_path, (HOUR, 0)) as url:
        source = source_of(client(start(GoBetween(url, short_sighted(1))).url))
        with pytest.raises(TooMuch, match="exceeds the limit"):
            extent(source.api, (), round(START * 1000))
