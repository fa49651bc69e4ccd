"""A real Prometheus scrapes `gpuyield publish` through a day, during which it is killed ten times.

The day is told in pieces of three hours, as fast as the machine goes, so a scrape sees what one in three hours would.
The cells, the state file, the page and the kills are real, only the waiting is left out.
"""

from __future__ import annotations

import json
import random
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.pricing.instances import DatedTable
from analyzer.stores.parquet import ParquetStore
from analyzer.window import CELL_SECONDS, Window
from tests.analyzer.conftest import START
from tests.analyzer.publish.conftest import HOUR, Growing, small_day
from tests.analyzer.publish.processes import Process
from tests.real_servers import Running, free_port, prometheus_binaries, scraping

_KILLS = 10
_SCRAPE = "250ms"


class Asked:
    """A Prometheus, asked at the moment of its last scrape: there `increase()` has nothing to extrapolate."""

    def __init__(self, server: Running) -> None:
        self._url = f"{server.url}/api/v1/query"
        self._at = float(
            self._ask("timestamp(gpuyield_ledger_closed_cell_timestamp_seconds)", time.time())[0]["value"][1]
        )

    def increase(self, metric: str, label: str) -> dict[str, float]:
        rows = self._ask(f"sum by ({label}) (increase({metric}[1h]))", self._at)
        return {row["metric"].get(label, ""): float(row["value"][1]) for row in rows}

    def resets(self) -> float:
        query = 'sum(resets({__name__=~"gpuyield_ledger_.+_total"}[1h]))'
        return float(self._ask(query, self._at)[0]["value"][1])

    def _ask(self, query: str, at: float) -> list[dict[str, Any]]:
        body = urllib.parse.urlencode({"query": query, "time": at}).encode()
        with urllib.request.urlopen(self._url, body, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found


def _by(ledger: Ledger, label: str, measure: str) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for row in ledger.rows.to_pylist():
        found[row[label]] += row[measure]
    return dict(found)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asked, Ledger, dict[str, float]]]:
    """What Prometheus has of the day, the ledger of the day, and the last page."""
    folder = tmp_path_factory.mktemp("day")
    growing, random_one = Growing(folder / "store", small_day().points), random.Random(7)
    growing.until(START + CELL_SECONDS + 61)
    port, pieces = free_port(), list(range(3, 25, 3))
    kills = [pieces[number % len(pieces)] for number in range(_KILLS)]
    options = ("--interval", "1s", "--settle", "0s", "--horizon", "15m", "--findings", "0s")
    process = Process(growing.path, folder / "state", port, *options)
    try:
        with scraping(prometheus_binaries()[0], folder / "prometheus", f"127.0.0.1:{port}", _SCRAPE) as server:
            process.wait_until_closed(START + CELL_SECONDS)
            for hour in pieces:
                growing.until(START + hour * HOUR + 61)
                for _ in range(kills.count(hour)):
                    time.sleep(random_one.uniform(0.0, 2.5))
                    process.kill()
                process.wait_until_closed(START + hour * HOUR)
            page = process.wait_until_closed(START + 24 * HOUR, everything=True)
            time.sleep(1.0)  # a few scrapes more
            ledger = compute_ledger(
                ParquetStore(growing.path), Window.of_seconds(START, START + 24 * HOUR), DatedTable()
            )
            yield Asked(server), ledger, page
    finally:
        process.stop()


@pytest.mark.skipif(not prometheus_binaries(), reason="prometheus is not installed")
class TestDay:
    def test_increase_of_the_dollars_is_the_reports_ledger(self, day: tuple[Asked, Ledger, dict[str, float]]) -> None:
        asked, ledger, _ = day
        increase = asked.increase("gpuyield_ledger_dollars_total", "state")
        assert increase == pytest.approx(_by(ledger, "state", "dollars"), rel=1e-6, abs=1e-6)
        assert sum(increase.values()) == pytest.approx(24 * 55.04 + 8.8 * 1.006, rel=0.001)

    def test_so_are_the_seconds_by_instance_type(self, day: tuple[Asked, Ledger, dict[str, float]]) -> None:
        asked, ledger, _ = day
        increase = asked.increase("gpuyield_ledger_accelerator_seconds_total", "instance_type")
        assert increase == pytest.approx(_by(ledger, "instance_type", "seconds"), rel=1e-6)

    def test_loaded_dollars_are_the_whole_bill_where_somebody_holds(
        self, day: tuple[Asked, Ledger, dict[str, float]]
    ) -> None:
        asked, _, _ = day
        loaded = asked.increase("gpuyield_ledger_loaded_dollars_total", "namespace")
        assert loaded == pytest.approx({"ml": 24 * 55.04}, rel=1e-6)

    def test_tokens_are_what_the_engine_counted(self, day: tuple[Asked, Ledger, dict[str, float]]) -> None:
        asked, ledger, _ = day
        tokens = asked.increase("gpuyield_ledger_tokens_total", "kind")
        counted = {
            kind: ledger.inputs.db.execute(f"SELECT sum(amount) FROM {kind}_grown").fetchall()[0][0]
            for kind in ("prompt", "generation")
        }
        assert tokens == pytest.approx(counted, rel=1e-6)
        assert asked.increase("gpuyield_ledger_good_tokens_total", "bound") == pytest.approx(
            dict.fromkeys(("low", "high"), counted["generation"]), rel=1e-6
        )

    def test_ten_kills_reset_no_counter_and_every_cell_is_in_once(
        self, day: tuple[Asked, Ledger, dict[str, float]]
    ) -> None:
        asked, _, page = day
        assert asked.resets() == 0
        assert page['gpuyield_publish_cells_total{result="published"}'] == 288
        assert page['gpuyield_publish_cells_total{result="skipped"}'] == 0
        assert page["gpuyield_publish_held_back_dollars"] == 0
