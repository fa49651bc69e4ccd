"""Operating points are what engines, devices and prices told in a grain of time, added up over what is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.ledger.options import Options
from analyzer.operating_points.points import points_of
from analyzer.pricing.instances import peaks
from analyzer.slo import parse_slo
from tests.analyzer.conftest import Scene
from tests.analyzer.served_scene import PAGES, counter, gauge, hour_of, serve, serving_node

_SETTINGS = {
    "enable_prefix_caching": "True",
    "cache_dtype": "fp8",
    "block_size": "16",
    "num_gpu_blocks_override": "None",
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two replicas on nodes of two H100s: load and tokens rise after half an hour; MFU 0.1 and MBU 0.3."""
    scene, peak = Scene(), peaks()["H100"]
    assert peak.flops is not None
    assert peak.memory_bytes_per_second is not None
    for number in range(2):
        engine = serving_node(scene, number, "p5.48xlarge", 2, "m")
        serve(scene, engine, lambda s: 300.0 if s >= 1800 else 100.0, 50.0, lambda s: 6.0 if s >= 1800 else 2.0)
        scene.add("vllm:num_requests_waiting", gauge(1.0), **engine)
        scene.add("vllm:kv_cache_usage_perc", gauge(0.25), **engine)
        scene.add("vllm:num_preemptions_total", counter(0.01), **engine)
        scene.add("vllm:request_success_total", counter(0.5), **engine, finished_reason="stop")
        scene.add("vllm:estimated_flops_per_gpu_total", counter(0.1 * peak.flops), **engine)
        half = 0.15 * peak.memory_bytes_per_second
        for way in ("read", "write"):
            scene.add(f"vllm:estimated_{way}_bytes_per_gpu_total", counter(half), **engine)
        scene.add("vllm:cache_config_info", PAGES, **engine, **_SETTINGS)
        for le, rate in (("0.25", 0.4), ("0.5", 0.5), ("+Inf", 0.5)):
            scene.add("vllm:time_to_first_token_seconds_bucket", counter(rate), **engine, le=le)
    folder = tmp_path_factory.mktemp("points")
    ledger = hour_of(scene, folder, 16.0, Options(slo=parse_slo(["ttft=0.5"])))
    found: list[dict[str, Any]] = points_of(ledger, 300).to_pylist()
    return found


def test_replicas_of_one_thing_are_one_row_per_cell(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == 12
    assert {row["settings"] for row in rows} == {"2 devices, prefix caching on, KV fp8, blocks of 16"}
    assert {(row["model"], row["engine"], row["instance_type"]) for row in rows} == {("m", "vllm", "p5.48xlarge")}
    assert rows[0]["replicas"] == pytest.approx(2)
    assert rows[0]["accelerators"] == pytest.approx(4)


def test_load_tokens_and_latencies(rows: list[dict[str, Any]]) -> None:
    first, last = rows[0], rows[-2]  # in the last cell the page that would tell of its end is outside the window
    assert (first["running"], last["running"]) == (pytest.approx(4), pytest.approx(12))
    assert (first["generated_tokens"], last["generated_tokens"]) == (pytest.approx(60_000), pytest.approx(180_000))
    assert first["prompt_tokens"] == pytest.approx(30_000)
    assert (first["waiting"], first["kv_used"]) == (pytest.approx(2), pytest.approx(0.25))
    assert (first["requests"], first["preemptions"]) == (pytest.approx(300), pytest.approx(6))
    assert [(bucket["le"], round(bucket["count"], 6)) for bucket in first["ttft"]] == [
        (0.25, 240),
        (0.5, 300),
        (float("inf"), 300),
    ]


def test_dollars_are_those_of_the_devices_held(rows: list[dict[str, Any]]) -> None:
    assert rows[0]["dollars"] == pytest.approx(16.0 * 4 / 8 / 12)  # a node of eight devices for which 16 is paid


def test_modelled_ratios_stand_beside_a_device_that_tells_nothing(rows: list[dict[str, Any]]) -> None:
    assert (rows[0]["mfu"], rows[0]["mbu"]) == (pytest.approx(0.1), pytest.approx(0.3))
    assert (rows[0]["effective"], rows[0]["effective_source"]) == (pytest.approx(0.3), "engine")
    assert rows[0]["counters"] == "on"
    assert rows[0]["busy"] is None


def test_what_nobody_tells_is_null(rows: list[dict[str, Any]]) -> None:
    assert rows[0]["prompt_computed_tokens"] is None  # no engine told how much a cache answered
    assert rows[0]["e2e"] is None  # no SLO asks for it


def _one(folder: Path, scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = points_of(hour_of(scene, folder, 16.0)).to_pylist()
    return found


def test_a_short_window_has_the_shortest_grain_that_holds_four_scrapes(tmp_path: Path) -> None:
    scene = Scene()
    serve(scene, serving_node(scene, 0, "p5.48xlarge", 8, "m"), 10.0)
    rows = _one(tmp_path, scene)
    assert {row["seconds"] for row in rows} == {60.0}
    assert sum(row["generated_tokens"] for row in rows) == pytest.approx(
        36_000 - 150
    )  # the last 15 seconds have no later page


def test_counters_at_zero_beside_tokens_are_off(tmp_path: Path) -> None:
    scene = Scene()
    engine = serving_node(scene, 0, "p5.48xlarge", 8, "m")
    serve(scene, engine, 10.0)
    scene.add("vllm:estimated_flops_per_gpu_total", counter(0.0), **engine)
    (row, *_) = _one(tmp_path, scene)
    assert (row["counters"], row["mfu"], row["effective"]) == ("off", None, None)


def test_tokens_across_a_silence_belong_to_no_point(tmp_path: Path) -> None:
    scene = Scene()
    serve(scene, serving_node(scene, 0, "p5.48xlarge", 8, "m"), 10.0)
    start, end = PAGES[80][0], PAGES[120][0]  # ten minutes
    scene.points = [
        point for point in scene.points if not (point[0].name.startswith("vllm:") and start <= point[1] < end)
    ]
    rows = _one(tmp_path, scene)
    silent = [row for row in rows if start + 60 <= row["start"].timestamp() < end - 60]
    assert not silent
    for row in rows:
        assert row["generated_tokens"] <= 10.0 * 60 + 1e-6
