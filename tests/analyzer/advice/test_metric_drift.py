"""H3: a signal under an old name, or one that stopped while its producer went on, is found."""

from __future__ import annotations

import pytest

from tests.analyzer.advice.conftest import LedgerOf, at, node, only, said, times
from tests.analyzer.conftest import Scene

ENGINE = {"namespace": "ml", "pod": "llama-0", "instance": "10.0.0.1:8000", "model_name": "llama", "engine": "0"}


def engine(*names: str) -> Scene:
    scene = node(Scene(), "n0", active=0.5).pod("llama-0", "n0", times(), 1.0, "10.0.0.1")
    scene.add("vllm:num_requests_running", at(1.0, times()), **ENGINE)
    for name in names:
        scene.add(name, at(0.5, times()), **ENGINE)
    return scene


def test_an_old_name_alone_is_told_with_the_name_of_today(ledger_of: LedgerOf) -> None:
    finding = only(said(ledger_of(engine("vllm:gpu_cache_usage_perc")), "H3").findings)
    assert "vllm:gpu_cache_usage_perc" in finding.headline + finding.remedy
    assert "vllm:kv_cache_usage_perc" in finding.headline + finding.remedy


def test_todays_name_is_no_finding(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(engine("vllm:kv_cache_usage_perc")), "H3").findings


def test_a_signal_that_stopped_while_its_producer_went_on_is_found(ledger_of: LedgerOf) -> None:
    scene = engine("vllm:kv_cache_usage_perc")
    scene.add("vllm:num_requests_waiting", at(0.0, times(0, 2)), **ENGINE)
    ledger = ledger_of(scene)
    finding = only(said(ledger, "H3").findings)
    assert "vllm:num_requests_waiting" in finding.headline
    assert finding.evidence[0].value == pytest.approx(4, abs=0.1)
    assert not said(ledger, "H3", metric_silence_hours=5.0).findings
