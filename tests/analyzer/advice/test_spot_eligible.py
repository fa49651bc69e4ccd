"""G2: a job on demand, where spot is cheaper for several types, is found; a server and a lonely type are not."""

from __future__ import annotations

from tests.analyzer.advice.conftest import LedgerOf, at, node, only, reasons, said, times
from tests.analyzer.conftest import Scene

ESTIMATE = "karpenter_cloudprovider_instance_type_offering_price_estimate"
SPOT = {"g5.xlarge": 0.4, "g6.xlarge": 0.35}


def fleet(owner: str = "Job", spot: dict[str, float] | None = None) -> Scene:
    scene = node(Scene(), "n0", instance_type="g5.xlarge", active=0.5)
    scene.pod("train-0", "n0", times(), 1.0, "10.0.0.1")
    own = {"namespace": "ml", "pod": "train-0", "uid": "uid-train-0"}
    scene.add("kube_pod_owner", times(), owner_kind=owner, owner_name="train", owner_is_controller="true", **own)
    for name, dollars in (SPOT if spot is None else spot).items():
        for capacity_type, price in (("spot", dollars), ("on-demand", 1.0)):
            own = {"instance_type": name, "capacity_type": capacity_type, "zone": "a"}
            scene.add(ESTIMATE, at(price, times()), **own)
    return scene


def test_a_job_on_demand_is_found_with_what_spot_would_save(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet())
    finding = only(said(ledger, "G2", spot_least_hours=5.0).findings)
    assert finding.resource.namespace == "ml"
    assert finding.saving_realisable.dollars_per_hour
    assert not said(ledger, "G2", spot_least_hours=7.0).findings
    assert not said(ledger, "G2", spot_least_hours=5.0, spot_price_ratio=0.3).findings


def test_a_server_with_one_replica_is_kept(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(fleet("StatefulSet")), "G2", spot_least_hours=5.0).findings


def test_one_fitting_type_is_too_few(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(fleet(spot={"g5.xlarge": 0.4})), "G2", spot_least_hours=5.0)
    assert not advice.findings
    assert "interruptions would come together" in reasons(advice.declined)


def test_a_spot_price_that_was_not_read_yet_is_no_price(ledger_of: LedgerOf) -> None:
    for price in (0.0, 1.0):
        advice = said(ledger_of(fleet(spot={"g5.xlarge": price, "g6.xlarge": price})), "G2", spot_least_hours=5.0)
        assert not advice.findings
        assert "no spot price is known" in reasons(advice.declined)


def test_without_prices_it_is_not_judged(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(fleet(spot={})), "G2", spot_least_hours=5.0)
    assert not advice.findings
    assert advice.checked[0].declined == 1


def test_replicas_beyond_those_kept_may_be_interrupted(ledger_of: LedgerOf) -> None:
    scene = fleet("StatefulSet")
    for number in range(1, 4):
        name = f"n{number}"
        node(scene, name, instance_type="g5.xlarge", active=0.5)
        scene.pod(f"train-{number}", name, times(), 1.0, f"10.0.{number}.1")
        own = {"namespace": "ml", "pod": f"train-{number}", "uid": f"uid-train-{number}"}
        scene.add(
            "kube_pod_owner", times(), owner_kind="StatefulSet", owner_name="train", owner_is_controller="true", **own
        )
    for number in range(4):
        own = {"namespace": "ml", "pod": f"train-{number}", "instance": f"10.0.{number}.1:8000", "engine": "0"}
        scene.add("vllm:num_requests_running", at(2.0, times()), model_name="llama", **own)
    ledger = ledger_of(scene)
    finding = only(said(ledger, "G2", spot_least_hours=5.0, least_replicas=2.0).findings)
    assert "2 of 4 replicas" in finding.headline + finding.remedy + " ".join(finding.confidence_reasons)
    assert not said(ledger, "G2", spot_least_hours=5.0, least_replicas=4.0).findings
