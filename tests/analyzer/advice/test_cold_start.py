"""A4: long starts are found with what one costs, and no saving is promised; short and rare ones are not."""

from __future__ import annotations

import pytest

from tests.analyzer.advice.conftest import HOUR, LedgerOf, node, only, said, times
from tests.analyzer.conftest import START, Scene


def started(minutes: float, gpus: int = 1) -> Scene:
    """A pod that is bound at the first hour and Ready so many minutes later."""
    scene = node(Scene(), "n0", gpus=gpus, active=0.5)
    own = {"namespace": "chat", "pod": "llama-0", "uid": "u"}
    when = times(1, 6, 30.0)
    scene.add(
        "kube_pod_info",
        when,
        node="n0",
        pod_ip="10.0.0.5",
        created_by_kind="StatefulSet",
        created_by_name="llama",
        **own,
    )
    scene.add("kube_pod_status_phase", when, phase="Running", **own)
    ready = [(at, float(at >= START + HOUR + 60 * minutes)) for at, _ in when]
    scene.add("kube_pod_status_ready", ready, condition="true", **own)
    scene.add("kube_pod_status_scheduled_time", [(at, START + HOUR) for at, _ in when], **own)
    scene.add("kube_pod_created", [(at, START + HOUR) for at, _ in when], **own)
    asked = [(at, float(gpus)) for at, _ in when]
    return scene.add(
        "kube_pod_container_resource_requests", asked, node="n0", container="main", resource="nvidia_com_gpu", **own
    )


def test_a_start_of_ten_minutes_is_found_and_promises_nothing(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(started(10))
    finding = only(said(ledger, "A4").findings)
    assert (finding.resource.namespace, finding.resource.workload) == ("chat", "llama")
    assert finding.evidence[0].value == pytest.approx(600, abs=60)
    assert finding.headline.startswith("chat/llama started 1 times")
    assert "a start" in finding.headline
    assert finding.saving_realisable.dollars_per_hour == 0
    assert finding.saving_attributed.dollars_per_hour == pytest.approx(6.88 / 6 / 6, rel=0.1)
    assert not said(ledger, "A4", cold_start_seconds=700.0, cold_start_spend_ratio=0.5).findings


def test_a_short_start_is_found_only_where_it_is_a_share_of_the_bill(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(started(4))
    assert only(said(ledger, "A4").findings).evidence[1].threshold == 0.01
    assert not said(ledger, "A4", cold_start_spend_ratio=0.02).findings


def test_a_pod_that_was_ready_all_the_time_started_nothing(ledger_of: LedgerOf) -> None:
    scene = node(Scene(), "n0", active=0.5).pod("old", "n0", times(), 1.0, "10.0.0.1")
    assert not said(ledger_of(scene), "A4").findings


def test_without_readiness_it_is_not_judged(ledger_of: LedgerOf) -> None:
    scene = started(10)
    scene.points = [point for point in scene.points if point[0].name != "kube_pod_status_ready"]
    advice = said(ledger_of(scene), "A4")
    assert not advice.findings
    assert advice.checked[0].declined == 1
