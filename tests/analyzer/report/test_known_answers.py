"""Figures that others published come out of a fleet with their throughput and price, through the report itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.report.build import build_report
from tests.analyzer.conftest import Scene
from tests.analyzer.served_scene import counter, hour_of, serve, serving_node


def test_deepseek_on_a_node_of_eight_h100(tmp_path: Path) -> None:
    """LMSYS, 2025-05-05: 52.3k input and 22.3k output tokens per second and node, $0.20 per million output tokens: two
    dollars per GPU-hour."""
    scene = Scene()
    serve(scene, serving_node(scene, 0, "p5.48xlarge", 8, "deepseek"), 22_300, 52_300)
    report = build_report(hour_of(scene, tmp_path, 8 * 2.0), [])
    (model,) = report.models
    assert model.dollars_per_million.output.value == pytest.approx(0.20, abs=0.005)
    assert model.dollars_per_million.all.value == pytest.approx(16 / 3600 / 74_600 * 1e6, rel=1e-6)
    held, seconds = model.dollars.held.value, sum(line.accelerator_seconds for line in report.ledger)
    assert held is not None
    assert held / seconds * 3600 == pytest.approx(2.0)


# Devices, output tokens per second of all of them and of one. MLPerf 5.1 but for the last (Azure, 2025-11).
_PER_DEVICE = {
    "Llama 2 70B on B200": (8, 103_000, 12_900),
    "Llama 3.1 8B on B200": (8, 147_000, 18_400),
    "DeepSeek-R1 on GB300": (72, 420_000, 5_800),
    "Llama 3.1 405B on GB300": (72, 16_000, 220),
    "Llama 2 70B on GB200": (72, 865_000, 12_000),
}


def test_tokens_per_device_of_published_runs(tmp_path: Path) -> None:
    """Each on a node of eight, which has its part of the devices and of the tokens."""
    scene = Scene()
    for number, (name, (devices, output, _)) in enumerate(_PER_DEVICE.items()):
        serve(scene, serving_node(scene, number, "p5.48xlarge", 8, name), output * 8 / devices)
    report = build_report(hour_of(scene, tmp_path, 16.0), [])
    held = {one.model: one.accelerators for one in report.yields}
    assert held.keys() == _PER_DEVICE.keys()
    for one in report.models:
        assert one.tokens_per_second.value is not None
        assert one.tokens_per_second.value / held[one.model] == pytest.approx(_PER_DEVICE[one.model][2], rel=0.015)


def test_opencost_inference_example(tmp_path: Path) -> None:
    """$3.20 in the hour, 12M prompt tokens of which 0.8M cached, 3M generated, request seconds half and half."""
    scene = Scene()
    engine = serving_node(scene, 0, "g6e.xlarge", 1, "m", "NVIDIA L40S")
    serve(scene, engine, 3e6 / 3600, 12e6 / 3600)
    scene.add("vllm:prompt_tokens_cached_total", counter(0.8e6 / 3600), **engine)
    for phase in ("prefill", "decode"):
        for part, rate in (("sum", 0.5), ("count", 0.1)):
            scene.add(f"vllm:request_{phase}_time_seconds_{part}", counter(rate), **engine)
    (model,) = build_report(hour_of(scene, tmp_path, 3.20), []).models
    assert model.dollars_per_million.all.value == pytest.approx(0.213, abs=5e-4)
    by_method = {part.method: (part.input.value, part.output.value) for part in model.dollars_per_million_by_phase}
    assert by_method["request seconds"] == pytest.approx((0.143, 0.533), abs=5e-4)
    assert by_method["tokens"] == pytest.approx((3.20 / 14.2, 3.20 / 14.2))
