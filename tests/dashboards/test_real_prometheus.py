"""Boards and key figures on a real Prometheus that holds two simulated clusters and recorded pages."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from alerts.recording import recording_rules
from analyzer.kpi import kpis
from analyzer.kpi.kpi import Seen
from analyzer.kpi.scope import Scope
from analyzer.report.build import build_report
from analyzer.window import MICROSECONDS
from dashboards.grafana import boards
from dashboards.grafana_json import Links, grafana_json
from tests.dashboards.promql import filled
from tests.dashboards.test_boards import data_panels, expressions
from tests.dashboards.world import World, make_world, served
from tests.real_servers import Running, prometheus_binaries

# Pages come each minute: a rate over two hours is extrapolated by less than 1 %.
HOURS = 2.0
# What no simulation or recording here tells; title of the panel, and why.
NEEDS_MORE = {
    "Offerings that EC2 refused": "the recorded Karpenter launches every accelerator type that it tries",
    "Messages of EC2 in an hour": "the recorded Karpenter has no interruption queue",
    "Devices with a fault": "the card falls off the bus some hours after this window",
}


@dataclass(frozen=True, slots=True)
class Live:
    """A server, and what it holds."""

    server: Running
    world: World

    def values(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """At the end of the window."""
        asked = urllib.parse.urlencode({"query": expr, "time": self.world.window.end / MICROSECONDS})
        with urllib.request.urlopen(f"{self.server.url}/api/v1/query?{asked}", timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    binaries = prometheus_binaries()
    if not binaries:
        pytest.skip("prometheus is not installed")
    folder = tmp_path_factory.mktemp("world")
    world = make_world(folder, HOURS)
    with served(world, binaries[0], folder) as running:
        yield Live(running, world)


@pytest.fixture(scope="module")
def seen(live: Live) -> Seen:
    """The frame reading of `prod`."""
    ledger = live.world.ledgers["prod"]
    return Seen(ledger, build_report(ledger, ["test"]))


def test_every_query_of_every_board_returns_data(live: Live) -> None:
    asked, empty = 0, []
    for board in boards().values():
        made = grafana_json(board, Scope(), Links())
        for panel in data_panels(made):
            for target in panel["targets"]:
                asked += 1
                if not live.values(filled(target["expr"])):
                    empty.append(panel["title"])
        others = set(expressions(made)) - {target["expr"] for panel in data_panels(made) for target in panel["targets"]}
        assert all(live.values(filled(expr)) for expr in others), board.title
    assert set(empty) <= set(NEEDS_MORE), empty
    assert len(empty) <= 0.05 * asked


def test_variables_offer_what_is_there(live: Live) -> None:
    made = grafana_json(boards()["inference"], Scope(), Links())
    offered = {}
    for variable in made["templating"]["list"][1:]:
        match, label = variable["query"]["query"].removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        asked = urllib.parse.urlencode({"match[]": filled(match)})
        with urllib.request.urlopen(f"{live.server.url}/api/v1/label/{label}/values?{asked}", timeout=60) as answer:
            offered[variable["name"]] = json.load(answer)["data"]
    assert offered["cluster"] == ["lab", "prod"]
    assert {"chat", "bench"} <= set(offered["namespace"])
    assert "meta-llama/Llama-3.3-70B-Instruct" in offered["model"]
    assert "0.5" in offered["ttft"]
    assert "0.05" in offered["itl"]


@pytest.mark.parametrize("name", sorted(kpis()))
def test_both_readings_of_a_key_figure_agree(live: Live, seen: Seen, name: str) -> None:
    """Within 1 % over hours without a counter reset, for every subject that the report has a number of."""
    kpi = kpis()[name]
    scope = Scope({"cluster": "prod"}, f"{round(HOURS * 3600)}s")
    asked = {tuple(labels[one] for one in kpi.by): value for labels, value in live.values(kpi.promql(scope, kpi.by))}
    told = {subject: one.value for subject, one in kpi.frame(seen).items() if one.value is not None}
    assert told or not asked
    for subject, value in told.items():
        assert asked[subject] == pytest.approx(value, rel=0.01), subject


def test_a_quantile_lies_between_the_bounds_of_its_bucket(live: Live) -> None:
    """The band of the board holds what Prometheus' own interpolation gives, and both edges are bucket bounds."""
    made = grafana_json(boards()["inference"], Scope(), Links())
    (panel,) = [one for one in made["panels"] if one["title"] == "Time to first token"]
    (_, upper), (_, lower) = (live.values(filled(target["expr"]))[0] for target in panel["targets"][:2])
    name = "vllm:time_to_first_token_seconds_bucket"
    ((_, middle),) = live.values(f"histogram_quantile(0.95, sum by (le) (rate({name}[5m])))")
    bounds = [float(labels["le"]) for labels, _ in live.values(f"count by (le) ({name})")]
    assert lower - 1e-4 <= middle <= upper
    assert min(abs(bound - upper) for bound in bounds) < 1e-9
    assert min(abs(bound - lower) for bound in [0.0, *bounds]) < 1e-4


def test_every_recording_rule_records_something(live: Live) -> None:
    for rule in recording_rules()["groups"][0]["rules"]:
        assert live.values(rule["expr"]), rule["record"]
