"""Boards are valid, whole and honest before any server sees them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.kpi import kpis
from analyzer.kpi.definitions.money import CONSTANT_PRICED
from analyzer.kpi.scope import Scope
from analyzer.report.look import COLOURS
from analyzer.rules.record import groups
from dashboards.grafana import boards
from dashboards.grafana_json import Links, grafana_json, text_of
from tests.dashboards.promql import declared, filled, selectors

Json = dict[str, Any]
EIGHT = {"executive", "fleet", "inference", "yields", "cost", "karpenter", "accelerator", "itself"}
ANGULAR = {"graph", "singlestat", "table-old", "heatmap-old", "grafana-piechart-panel", "natel-discrete-panel"}
MADE = {
    name: grafana_json(board, Scope(), Links("https://advisor", "https://runbooks")) for name, board in boards().items()
}


def data_panels(board: Json) -> Iterator[Json]:
    yield from (panel for panel in board["panels"] if panel.get("targets"))


def expressions(board: Json) -> Iterator[str]:
    """Every PromQL of a board: of panels, variables and annotations."""
    yield from (target["expr"] for panel in data_panels(board) for target in panel["targets"])
    yield from (mark["expr"] for mark in board["annotations"]["list"] if "expr" in mark)
    for variable in board["templating"]["list"]:
        text = variable["query"]["query"] if isinstance(variable["query"], dict) else ""
        if text.startswith("query_result("):
            yield text.removeprefix("query_result(").removesuffix(")")


def test_the_eight_boards_are_there() -> None:
    assert set(boards()) == EIGHT
    assert len({board["uid"] for board in MADE.values()}) == len(EIGHT)


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_a_board_is_current_classic_json(name: str) -> None:
    board = MADE[name]
    assert board["schemaVersion"] >= 39
    assert not ANGULAR & {panel["type"] for panel in board["panels"]}
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert "rows" not in board
    assert "id" not in board or board["id"] is None  # provisioning refuses a number
    assert text_of(board) == text_of(
        grafana_json(boards()[name], Scope(), Links("https://advisor", "https://runbooks"))
    )
    assert json.loads(text_of(board)) == board


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_every_panel_says_unit_meaning_and_what_to_install(name: str) -> None:
    for panel in data_panels(MADE[name]):
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        assert title
        assert defaults["unit"], title
        assert defaults["noValue"].startswith(("No data: ", "None, as it should be.")), title
        assert "**Good:**" in panel["description"], title
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, title
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"]), title
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]), title


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_panels_lie_beside_each_other(name: str) -> None:
    panels = MADE[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24, panel["title"]
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_apart, (one, other)


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_every_query_parses_and_asks_for_declared_names_and_labels(name: str) -> None:
    for expr in expressions(MADE[name]):
        for series, labels in selectors(filled(expr)):
            assert series in declared(), expr
            unknown = set(labels) - declared()[series]
            assert not unknown, f"{series} has no label {unknown}"


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_rates_span_at_least_two_scrapes(name: str) -> None:
    """A range typed by hand is too short for a slow scrape interval; the ledger's rates span three of its cells."""
    for expr in expressions(MADE[name]):
        ranges = set(re.findall(r"[\w}]\[([^]]+)]", expr))
        assert ranges <= {"$__rate_interval", "$__range", "5m", "15m", "1h"}, expr


@pytest.mark.parametrize("name", sorted(EIGHT))
def test_variables_that_a_query_needs_are_there(name: str) -> None:
    board = MADE[name]
    there = {variable["name"] for variable in board["templating"]["list"]}
    text = json.dumps(board["panels"])
    for known in ("cluster", "namespace", "model", "team", "node", "ttft", "itl", "bill", "good", "cents", "possible"):
        if f"${known}" in text or f"${{{known}" in text:
            assert known in there, f"{name} asks for ${known}"


def test_boards_lead_to_each_other_the_advisor_and_the_runbooks() -> None:
    for board in MADE.values():
        assert board["links"][0]["type"] == "dashboards"
        assert board["links"][0]["tags"] == ["gpuyield"]
        assert [link["url"] for link in board["links"][1:]] == ["https://advisor", "https://runbooks"]
    assert len(grafana_json(boards()["fleet"], Scope(), Links())["links"]) == 1


def test_states_have_the_colours_of_the_report() -> None:
    (panel,) = [one for one in MADE["fleet"]["panels"] if one["title"] == "Accelerators by what they do"]
    colours = [override["properties"][0]["value"]["fixedColor"] for override in panel["fieldConfig"]["overrides"]]
    assert [target["legendFormat"] for target in panel["targets"]] == list(COLOURS)
    assert colours == list(COLOURS.values())


def test_a_known_store_is_asked_only_for_what_it_has() -> None:
    there = {"vllm:generation_tokens_total", "vllm:num_requests_running"}
    short = grafana_json(boards()["inference"], Scope(has=there.__contains__), Links())
    (panel,) = [one for one in short["panels"] if one["title"] == "Generated tokens"]
    assert {name for name, _ in selectors(filled(panel["targets"][0]["expr"]))} == {"vllm:generation_tokens_total"}


def test_another_cluster_label_is_asked_for() -> None:
    board = grafana_json(boards()["fleet"], Scope(cluster="k8s_cluster_name"), Links())
    used = {label for expr in expressions(board) for _, labels in selectors(filled(expr)) for label in labels}
    assert "k8s_cluster_name" in used
    assert "cluster" not in used


def test_a_metric_that_was_renamed_is_asked_for_under_both_names() -> None:
    expr = kpis()["busy_ratio"].promql(Scope(), ())
    names = {name for name, _ in selectors(expr)}
    assert {"gpuyield_accelerator_busy_ratio", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_UTIL_RATIO"} <= names


def test_the_quantile_band_holds_the_quantile_of_one_bucket() -> None:
    """The upper and lower bounds differ in the quantile that is taken, and in nothing else."""
    (panel,) = [one for one in MADE["inference"]["panels"] if one["title"] == "Time to first token"]
    upper, lower = (target["expr"] for target in panel["targets"][:2])
    assert upper.startswith("histogram_quantile(1, ")
    assert lower.startswith("histogram_quantile(1e-06, ")
    assert upper.split(", ", 1)[1] == lower.split(", ", 1)[1]


def test_without_publish_the_bill_comes_from_constant_prices() -> None:
    recorded = {rule["record"] for rule in groups([])["groups"][0]["rules"]}
    assert {name for name, _ in CONSTANT_PRICED.values()} <= recorded
    bill = kpis()["bill_dollars_per_hour"]
    assert [name for name, _ in selectors(bill.promql(Scope(), ("cluster",)))] == [
        "gpuyield_ledger_dollars_total",
        "gpuyield:node_dollars_per_hour",
    ]
    assert "gpuyield:" not in bill.promql(Scope(), ("team",))  # they know no teams
