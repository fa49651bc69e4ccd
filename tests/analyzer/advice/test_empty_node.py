"""A1: a node that nobody holds is found, and what only looks empty is not."""

from __future__ import annotations

import io
from datetime import date

import duckdb
import pyarrow.csv as csv
import pytest

from analyzer.advice.settings import LeaveAlone, Match, Override, Settings
from analyzer.report.rows_csv import rows_csv
from tests.analyzer.advice.conftest import LedgerOf, Priced, at, node, only, reasons, said, times, worker
from tests.analyzer.conftest import START, Scene

P5 = 6.88  # an hour of p5.4xlarge


def fleet(**more: str) -> Scene:
    return worker(node(Scene(), "n0", **more))  # type: ignore[arg-type]


def test_an_empty_node_is_found_with_its_hours_dollars_and_patch(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet())
    finding = only(said(ledger, "A1").findings)
    assert finding.resource.nodepool == "gpu"
    assert finding.saving_realisable == finding.saving_attributed
    assert finding.saving_realisable.dollars_per_hour == pytest.approx(P5)
    assert finding.headline == "NodePool gpu kept 1 node (p5.4xlarge) without any holder for 6 h in all"
    assert "$1,156/week" in finding.remedy
    assert finding.artifacts[0].file == "a1-nodepool-gpu.yaml"
    assert not said(ledger, "A1", empty_node_hours=6.1).findings


def test_its_evidence_gives_the_same_number_on_the_rows_as_csv(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet())
    told = only(said(ledger, "A1").findings).evidence
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.register("ledger", csv.read_csv(io.BytesIO(rows_csv(ledger.rows).encode())))
    assert [db.execute(one.query).fetchall()[0][0] for one in told] == pytest.approx([one.value for one in told])
    assert told[0].distance == pytest.approx(5.0)
    assert told[0].points == [(int(START) + 3600 * hour, 1.0) for hour in range(6)]


def test_a_node_group_of_fixed_size_has_a_day(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet(pool=""))
    assert not said(ledger, "A1").findings
    assert only(said(ledger, "A1", empty_static_node_hours=5.0).findings).resource.kind == "node"


def test_a_held_node_is_not_empty(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(fleet().pod("p", "n0", times(), 1.0, "10.0.0.1")), "A1").findings


def test_reserved_nodes_are_no_saving_and_left_to_a5(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet(capacity_type="reserved"))
    assert not said(ledger, "A1").findings
    assert said(ledger, "A5").findings


def test_without_requests_nothing_is_called_empty(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(node(Scene(), "n0")), "A1")
    assert not advice.findings
    assert "nothing tells gpuyield_pod_requested" in reasons(advice.declined)
    assert advice.checked[0].declined == 1


def test_devices_that_work_without_a_holder_are_somebodys(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(worker(node(Scene(), "n0", active=0.3))), "A1")
    assert not advice.findings
    assert "somebody uses them unasked" in reasons(advice.declined)


def test_devices_behind_resource_claims_are_not_called_free(ledger_of: LedgerOf) -> None:
    scene = worker(node(Scene(), "n0"))
    scene.points = [
        point
        for point in scene.points
        if not (
            point[0].name.startswith("kube_node_status_")
            and ("resource", "nvidia_com_gpu") in point[0].labels
            and ("node", "n0") in point[0].labels
        )
    ]
    advice = said(ledger_of(scene), "A1")
    assert not advice.findings
    assert "ResourceClaims" in reasons(advice.declined)


def test_a_node_kept_warm_by_pause_pods_is_kept_on_purpose(ledger_of: LedgerOf) -> None:
    scene = fleet()
    own = {"namespace": "warm", "pod": "pause-1", "uid": "u"}
    scene.add("kube_pod_info", times(), node="n0", pod_ip="10.0.7.7", **own)
    scene.add("kube_pod_container_info", times(), container="pause", image="registry.k8s.io/pause:3.10", **own)
    advice = said(ledger_of(scene), "A1")
    assert not advice.findings
    assert "pause pod warm/pause-1" in reasons(advice.declined)


def test_an_old_price_withholds_the_saving_and_keeps_what_is_wasted(ledger_of: LedgerOf) -> None:
    finding = only(said(ledger_of(fleet(), prices=Priced(date(2026, 9, 1))), "A1").findings)
    assert finding.saving_realisable.dollars_per_hour is None
    assert "70 days old" in str(finding.saving_realisable.reason)
    assert finding.saving_attributed.dollars_per_hour == pytest.approx(P5)


def test_a_type_without_a_price_has_hours_and_no_dollars(ledger_of: LedgerOf) -> None:
    finding = only(said(ledger_of(fleet(instance_type="p99.4xlarge")), "A1").findings)
    assert finding.evidence[0].value == pytest.approx(6.0)
    assert finding.saving_realisable.dollars_per_hour is None
    assert "its price is unknown" in finding.remedy


def test_scarce_types_make_it_riskier(ledger_of: LedgerOf) -> None:
    own = {"instance_type": "p5.4xlarge", "capacity_type": "on-demand", "zone": "a"}
    scene = fleet().add("karpenter_cloudprovider_instance_type_offering_available", at(0.0, times(1, 2)), **own)
    assert only(said(ledger_of(scene), "A1").findings).risk == "medium"


def test_overrides_and_exceptions_hold_where_they_fit(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet())
    patient = Settings(overrides=(Override(match=Match(nodepool="g*"), thresholds={"empty_node_hours": 8.0}),))
    assert not said(ledger, "A1", patient).findings
    spared = Settings(leave_alone=(LeaveAlone(match=Match(nodepool="gpu", rule="A1"), reason="launch day"),))
    assert "left alone: launch day" in reasons(said(ledger, "A1", spared).declined)


@pytest.mark.parametrize("pool", ["x'; rm -rf /", 'a"b\nc', "=cmd|calc", "${HOME}"])
def test_a_hostile_pool_name_makes_no_patch_and_no_broken_query(ledger_of: LedgerOf, pool: str) -> None:
    finding = only(said(ledger_of(fleet(pool=pool)), "A1").findings)
    assert finding.artifacts == []
    assert finding.evidence[0].value == pytest.approx(6.0)
