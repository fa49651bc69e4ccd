"""What is made of a page: declared series only, the best name of each, no markers, labels where they belong."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical import device, serving
from exporters.metric import Kind, Part
from exporters.pages.parser import PageParser
from exporters.pages.render import PageRenderer
from exporters.series import Series
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.sources.pages.meaning import Meanings, metrics
from exporters.upstream import upstreams_of
from tests.exporters.sources.neuron.conftest import Shown
from tests.exporters.sources.pages.conftest import DCGM, VLLM, in_order, read


def test_a_page_of_dcgm_in_our_units() -> None:
    page = read(DCGM)
    assert page.of(device.busy_ratio, "uuid") == {("GPU-0",): pytest.approx(0.97), ("GPU-1",): 0}
    assert page.of(device.power_watts, "uuid") == {("GPU-0",): 350.125, ("GPU-1",): 52}
    assert page.of(device.memory_used_bytes, "uuid") == {("GPU-0",): 30000 * 2**20, ("GPU-1",): 0}
    assert page.of(device.compute_active_ratio, "uuid") == {("GPU-0",): 0.412, ("GPU-1",): 0}
    told = page.of(device.accelerator_info, "uuid", "index", "model", "node", "target_node", "exporter_pod")
    assert told == {
        (f"GPU-{index}", str(index), "NVIDIA A100-SXM4-40GB", "node-a", "node-a", ""): 1 for index in range(2)
    }


def test_markers_for_no_value_are_left_out() -> None:
    page = read(DCGM)
    assert page.of(device.energy_joules_total, "uuid") == {("GPU-0",): 5000}
    assert page.of(device.last_fault_code, "uuid") == {("GPU-0",): 0}


def test_a_marker_leaves_the_word_to_the_next_name() -> None:
    text = 'DCGM_FI_DEV_GPU_UTIL{UUID="a"} 9223372036854775794\nDCGM_FI_PROF_GR_ENGINE_ACTIVE{UUID="a"} 0.5\n'
    assert read(text).of(device.busy_ratio, "uuid") == {("a",): 0.5}


def test_the_holder_is_the_pod_on_the_page_and_never_the_exporters_own() -> None:
    for fragment in ("", "namespace=gpu&pod=dcgm-exporter-x"):
        holders = read(DCGM, fragment).of(device.allocation, "uuid", "namespace", "pod", "container")
        assert holders == {("GPU-0", "ml", "train-0", "main"): 1}
    exporters = read(DCGM, "namespace=gpu&pod=dcgm-exporter-x").of(device.accelerator_info, "exporter_pod")
    assert set(exporters) == {("dcgm-exporter-x",)}


def test_a_shared_device_is_told_once_and_each_holder_too() -> None:
    rows = [
        f'DCGM_FI_DEV_FB_USED{{UUID="a",pod="{pod}",vgpu="{pod}"}} {mib}\n' for pod, mib in (("0", 100), ("1", 700))
    ]
    page = read("".join(rows))
    assert page.of(device.memory_used_bytes, "uuid") == {("a",): 700 * 2**20}
    assert page.of(device.allocation, "pod") == {("0",): 1, ("1",): 1}


def test_slices_are_told_apart() -> None:
    rows = [
        f'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{{UUID="a",GPU_I_ID="{number}",GPU_I_PROFILE="1g.5gb"}} 0.{number}\n'
        for number in (1, 9)
    ]
    assert read("".join(rows)).of(device.compute_active_ratio, "uuid", "mig") == {("a", "1"): 0.1, ("a", "9"): 0.9}


@pytest.mark.parametrize("names", [("kv_cache_usage_perc", "gpu_cache_usage_perc"), ("gpu_cache_usage_perc",)])
def test_the_newer_name_wins_where_both_stand(names: tuple[str, ...]) -> None:
    rows = [f'vllm:{name}{{model_name="m"}} {0.5 if name == names[0] else 0.1}\n' for name in names]
    assert read("".join(reversed(rows))).of(serving.kv_cache_used_ratio, "model") == {("m",): 0.5}


def test_a_histogram_is_of_one_name_only() -> None:
    """Between vLLM 0.10.2 and 0.14.1 both names stand on the page; here their bounds differ."""
    rows = [
        f'vllm:{name}_{part}{{model_name="m"{le}}} {count}\n'
        for name, bound, count in (("time_per_output_token_seconds", 7, 5), ("inter_token_latency_seconds", 8, 9))
        for part, le in (("bucket", f',le="{bound}"'), ("bucket", ',le="+Inf"'), ("sum", ""), ("count", ""))
    ]
    found = {
        (one.part, dict(one.labels).get("le")): one.value
        for one in read("".join(rows)).samples
        if one.metric is serving.inter_token_latency_seconds
    }
    assert found == {(Part.BUCKET, "8.0"): 9, (Part.BUCKET, "+Inf"): 9, (Part.SUM, None): 9, (Part.COUNT, None): 9}


def test_an_engine_is_where_its_url_says() -> None:
    page = read(VLLM.read_bytes(), "namespace=ml&pod=llama-0")
    (place,) = page.of(serving.requests_running, "namespace", "pod", "instance", "engine")
    assert place == ("ml", "llama-0", "node-a:9400", "0")
    (started,) = page.of(serving.process_started_seconds, "pod", "instance").values()
    assert started == 1.79535913045e9
    assert {one.metric for one in page.samples} <= set(metrics())


def test_series_of_nobody_and_our_own_are_left_out() -> None:
    ours = PrometheusPage(Shown(read(VLLM.read_bytes()).samples)).answer().body
    assert read(ours).samples == []
    assert read('node_load1 3\nhttp_requests_total{code="200"} 5\nkube_node_info{node="x"} 1\n').samples == []


def test_labels_of_the_page_named_like_the_targets_stay_the_pages() -> None:
    text = 'vllm:num_requests_running{model_name="m",pod="own",exported_instance="far"} 1\n'
    assert read(text, "pod=given&namespace=ml").of(serving.requests_running, "namespace", "pod", "instance") == {
        ("ml", "own", "far"): 1
    }


def test_what_is_known_of_series_makes_no_difference() -> None:
    meanings = Meanings((("instance", "i"), ("node", "n")))
    first = in_order(read(VLLM.read_bytes(), meanings=meanings).samples)
    assert in_order(read(VLLM.read_bytes(), meanings=meanings).samples) == first


NAMES = sorted({upstream.name for metric in metrics() for _, upstream in upstreams_of(metric)})
LABELS = ["UUID", "GPU_I_ID", "pod", "namespace", "model_name", "engine", "le", "server", "source", "instance"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.sampled_from(["", "_bucket", "_sum", "_count"]),
            st.dictionaries(st.sampled_from(LABELS), st.sampled_from(["a", "1", "+Inf", ""]), max_size=5),
            st.floats() | st.sampled_from([9223372036854775794.0, 140737488355328.0]),
        ),
        max_size=20,
    ),
    st.randoms(use_true_random=False),
)
def test_any_page_gives_each_series_once_whatever_its_order(
    rows: list[tuple[str, str, dict[str, str], float]], chance: random.Random
) -> None:
    pairs = {Series.of(name + part, labels.items()): value for name, part, labels, value in rows}
    lines = [PageRenderer().render([pair], {}, {}) for pair in pairs.items()]
    before = in_order(read(b"".join(lines)).samples)
    chance.shuffle(lines)
    after = read(b"".join(lines)).samples
    assert in_order(after) == before
    assert len({(one.name, one.labels) for one in after}) == len(after)
    assert not any(math.isnan(one.value) for one in after)
    assert all((one.metric.kind is Kind.HISTOGRAM) == (one.part is not Part.WHOLE) for one in after)
    page = PrometheusPage(Shown(after)).answer().body
    assert not PageParser().parse(page, 0).notes
