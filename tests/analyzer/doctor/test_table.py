"""What a person reads: the same text for the same diagnosis, no wider than it says, and no name of a label is markup.

`GPUYIELD_GOLDEN=1 python -m pytest tests/analyzer/doctor/test_table.py` writes the golden file again.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from analyzer.doctor.model import Diagnosis
from analyzer.doctor.table import table
from tests.analyzer.conftest import START, Scene, every
from tests.analyzer.doctor.conftest import KUBE, PAGES, Diagnose, device, engine

GOLDEN = Path(__file__).parents[2] / "golden" / "doctor.txt"
LONG = "embeddings-multilingual-large-v2-canary-eu-north-1-blue-0001"  # 60 characters
HOSTILE = "[bold red]\x1b[31m:smile:\nx\u202e"


def rich_scene() -> Scene:
    """A cluster with a gap of each kind."""
    scene = Scene()
    for number, pod in enumerate(("chat-0", "chat-1", "code-0")):
        node = f"ip-10-0-{number}-17.ec2.internal"
        scene.node(node, KUBE, "p5.4xlarge", 1)
        scene.pod(pod, node, KUBE, 1.0, f"10.0.0.{number}", created_by_kind="StatefulSet", created_by_name=pod[:4])
        told = {"pod": pod, "namespace": "ml", "DCGM_FI_DRIVER_VERSION": "580.95.05"}
        scene.gpu(node, 0, PAGES, 0.6, **told)
        device(scene, "DCGM_FI_DEV_GPU_UTIL", 62.0, node, 0, **told)
        if number < 2:
            device(scene, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 1e9, node, 0, **told)
    device(scene, "DCGM_FI_PROF_DRAM_ACTIVE", 55.0, "ip-10-0-0-17.ec2.internal", pod="chat-0", namespace="ml")
    for number in range(2):
        engine(scene, PAGES, ip=f"10.0.0.{number}")
    own = {"instance": "10.0.0.0:8000", "model_name": "m", "engine": "0"}
    scene.add("vllm:time_per_output_token_seconds_count", PAGES, **own)
    scene.add("vllm:request_success_total", every(START, START + 900, 15), finished_reason="stop", **own)
    image = {"container": "main", "image": "vllm/vllm-openai:v0.32.0", "namespace": "ml"}
    scene.add("kube_pod_container_info", KUBE, pod="code-0", **image)
    scene.add("kube_pod_labels", KUBE, namespace="ml", pod="code-0", label_app="code", label_team="assist")
    dark = {"created_by_kind": "StatefulSet", "created_by_name": LONG}
    scene.node("ip-10-0-9-17.ec2.internal", KUBE, "p5.48xlarge", 8)
    scene.pod(f"{LONG}-0", "ip-10-0-9-17.ec2.internal", KUBE, 8.0, "10.0.0.9", **dark)
    scene.add("kube_state_metrics_build_info", KUBE, version="v2.18.0", instance="ksm")
    for version in ("3.16.0", "3.15.2"):
        scene.add("prometheus_build_info", KUBE, version=version, instance=version)
    return scene


@pytest.fixture(scope="module")
def diagnosis(diagnosed: Diagnose) -> Diagnosis:
    return diagnosed(rich_scene(), release="monitoring")


def test_the_table_is_the_golden_one(diagnosis: Diagnosis) -> None:
    text = table(diagnosis)
    if os.environ.get("GPUYIELD_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


@pytest.mark.parametrize("width", [80, 100, 118])
def test_only_what_cannot_be_broken_is_wider_than_the_terminal(diagnosis: Diagnosis, width: int) -> None:
    lines = table(diagnosis, width).splitlines()
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("width", [80, 118])
def test_marks_and_states_are_never_cut(diagnosis: Diagnosis, width: int) -> None:
    text = table(diagnosis, width)
    for mark, title, state in (("!", "memory activity", "wrong scale"), ("~", "inter-token gaps", "older name")):
        [line] = [line for line in text.splitlines() if line.startswith(f"{mark}   {title} ")]
        assert f" {state} " in line


def test_every_signal_source_and_join_is_there_on_80_columns_too(diagnosis: Diagnosis) -> None:
    text = table(diagnosis, 80)
    for title in (
        *(line.signal for line in diagnosis.signals),
        *(line.source for line in diagnosis.sources),
        *(line.join for line in diagnosis.joins),
    ):
        assert title in text


def test_a_long_name_is_not_cut_where_one_must_copy_it(diagnosis: Diagnosis) -> None:
    assert len(LONG) == 60
    assert f"ml/{LONG}" in table(diagnosis, 80)


def test_names_out_of_labels_are_neither_markup_nor_escapes(diagnosis: Diagnosis) -> None:
    hostile = replace(
        diagnosis,
        store=HOSTILE,
        signals=[replace(line, detail=HOSTILE) for line in diagnosis.signals],
        sources=[replace(line, versions=[HOSTILE]) for line in diagnosis.sources],
        joins=[replace(line, by_way={HOSTILE: 1}) for line in diagnosis.joins],
        unscraped=[replace(line, namespace=HOSTILE, workload=HOSTILE) for line in diagnosis.unscraped],
        next_steps=[replace(line, do=HOSTILE, why=HOSTILE) for line in diagnosis.next_steps],
        warnings=[HOSTILE],
    )
    text = table(hostile)
    assert "[bold red]?[31m:smile:?x?" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_a_bill_that_is_unknown_and_one_without_gaps(healthy: Diagnosis) -> None:
    assert table(replace(healthy, bill_dollars=None)).startswith("The bill of these 1 h is unknown.\n")
    done = table(replace(healthy, next_steps=[], unscraped=[]))
    assert "Nothing to install: every signal that decides a state is there" in done
    assert "% of node time has no price." in table(replace(healthy, unpriced_ratio=0.25))


def test_more_engines_than_fit_are_counted(diagnosis: Diagnosis) -> None:
    [line] = [line for line in diagnosis.unscraped if line.engine]
    assert "and 4 more (--format json has all)" in table(replace(diagnosis, unscraped=[line] * 7))
