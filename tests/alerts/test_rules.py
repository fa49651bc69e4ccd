"""Each alert fires when it should, is quiet when it should not or there is no data, and hangs on its numbers."""

from __future__ import annotations

import re

import pytest

from alerts.alert import Alert, Board
from alerts.asking import labels
from alerts.rules import rules
from analyzer.advice.thresholds import Thresholds, names
from analyzer.kpi.scope import Scope
from dashboards.grafana import boards
from tests.alerts.promtool import Verdict, every_alert, mutations, verdict
from tests.dashboards.promql import declared, selectors

_EXPECTED = "idle_held node_starting node_unhealthy device_unhealthy fatal_fault throttled reservation_unused"
_EXPECTED += " cost_over_budget cost_over_baseline ttft_slo itl_slo kv_saturated engine_silent bad_endings"
_EXPECTED += " queue_growing asleep_paid neuron_errors price_unknown source_down metric_drift telemetry_over_budget"


def test_every_trouble_that_was_asked_for_has_an_alert() -> None:
    assert set(_EXPECTED.split()) <= set(rules())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    return verdict(tmp_path_factory.mktemp("promtool"))


def test_alerts_do_what_their_cases_say(told: Verdict) -> None:
    assert not told.failed & {alert.name for alert in every_alert()}, told.said


def test_an_alert_with_another_number_fails_its_cases(told: Verdict) -> None:
    """A case on either side holds each threshold in its place."""
    held = {(one.alert.name, one.limit) for one in mutations() if one.name in told.failed}
    assert held == {(one.alert.name, one.limit) for one in mutations()}


@pytest.mark.parametrize("alert", every_alert(), ids=lambda alert: alert.name)
def test_an_alert_is_told_whole(alert: Alert) -> None:
    assert any(case.fires for case in alert.cases)
    assert any(not case.fires for case in alert.cases)
    assert alert.why.endswith(".")
    assert set(alert.limits) <= set(names())
    assert alert.limits or not alert.lasts_seconds(Thresholds())
    assert set(re.findall(r"\$labels\.(\w+)", alert.says)) <= set(alert.by)


def test_names_are_unique() -> None:
    found = [alert.name for alert in every_alert()]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"Gpuyield[A-Za-z]+", name) for name in found)


def test_boards_that_messages_lead_to_exist() -> None:
    assert {board.value for board in Board} <= {board.uid for board in boards().values()}


@pytest.mark.parametrize("alert", every_alert(), ids=lambda alert: alert.name)
def test_names_and_labels_are_declared(alert: Alert) -> None:
    for name, told in selectors(alert.expr(Scope(), Thresholds())):
        assert set(told) <= declared()[name], alert.name


@pytest.mark.parametrize("alert", every_alert(), ids=lambda alert: alert.name)
def test_another_cluster_label_is_kept(alert: Alert) -> None:
    scope = Scope(cluster="k8s_cluster")
    text = alert.expr(scope, Thresholds())
    assert "(cluster" not in text
    assert "k8s_cluster" in text
    assert labels(scope, alert.by).split(", ")[0] == "k8s_cluster"


@pytest.mark.parametrize("topic", rules())
def test_a_runbook_says_what_it_means_what_to_do_and_what_it_is_not(topic: str) -> None:
    text = __import__(f"alerts.rules.{topic}", fromlist=["alerts"]).__doc__ or ""
    for heading in ("What it means:", "What to do", "What it is not:"):
        assert heading in text, topic
