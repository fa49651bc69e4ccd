"""H1: dollars that a missing signal hides are found, and devices that tell 0 while an engine works on them."""

from __future__ import annotations

import pytest

from tests.analyzer.advice.conftest import STEP, LedgerOf, node, only, said, times, worker
from tests.analyzer.conftest import Scene


def unmeasured() -> Scene:
    """A node whose devices nobody measures, held by a pod without an engine page."""
    scene = worker(Scene()).node("n0", times(), "p5.4xlarge", 1)
    return scene.pod("p", "n0", times(), 1.0, "10.0.0.1")


def serving_on_zeros() -> Scene:
    scene = node(Scene(), "n0", active=0.0).pod("llama-0", "n0", times(), 1.0, "10.0.0.1")
    own = {"namespace": "ml", "pod": "llama-0", "instance": "10.0.0.1:8000", "model_name": "llama", "engine": "0"}
    scene.add("vllm:num_requests_running", [(at, 4.0) for at, _ in times()], **own)
    rising = [(at, 1000.0 * number) for number, (at, _) in enumerate(times(step=STEP))]
    return scene.add("vllm:generation_tokens_total", rising, **own)


def test_a_node_without_a_device_exporter_is_told_in_dollars(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(unmeasured())
    finding = only(said(ledger, "H1").findings)
    assert "could not be judged" in finding.headline
    assert "n0" in finding.headline
    assert finding.evidence[0].value == pytest.approx(6.88 / (6.88 + 1.006), rel=0.02)
    assert finding.saving_realisable.dollars_per_hour == 0
    assert not said(ledger, "H1", blind_spend_ratio=0.99).findings


def test_a_fleet_that_is_measured_has_no_blind_spot(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(worker(Scene())), "H1").findings


def test_zeros_beside_tokens_are_a_fault_and_no_idleness(ledger_of: LedgerOf) -> None:
    found = said(ledger_of(serving_on_zeros()), "H1").findings
    assert any("0" in one.headline and "n0" in one.headline for one in found)
