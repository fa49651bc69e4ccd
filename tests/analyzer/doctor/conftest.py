"""Diagnoses of small scenes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from analyzer.doctor.examination import ALSO, diagnose
from analyzer.doctor.model import Diagnosis, SignalLine, SourceLine
from analyzer.ledger.ledger import compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.instances import DatedTable
from analyzer.report.build import build_report
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, every

END = START + 3600
KUBE = every(START - 300, END, 30)
PAGES = every(START - 300, END, 15)

Diagnose = Callable[..., Diagnosis]


@pytest.fixture(scope="session")
def diagnosed(tmp_path_factory: pytest.TempPathFactory) -> Diagnose:
    """What the doctor says of a scene."""

    def diagnosis_of(scene: Scene, release: str = "", end: float = END) -> Diagnosis:
        store = scene.store(tmp_path_factory.mktemp("scene") / "store")
        ledger = compute_ledger(store, Window.of_seconds(START, end), DatedTable(), Options(), also=ALSO)
        return diagnose(ledger, build_report(ledger, []), "a store", release, datetime(2026, 11, 24, tzinfo=UTC))

    return diagnosis_of


@pytest.fixture(scope="session")
def healthy(diagnosed: Diagnose) -> Diagnosis:
    """What the doctor says of one device, one pod and one engine page."""
    return diagnosed(serving())


def signal(diagnosis: Diagnosis, title: str) -> SignalLine:
    [line] = [line for line in diagnosis.signals if line.signal == title]
    return line


def source(diagnosis: Diagnosis, title: str) -> SourceLine:
    [line] = [line for line in diagnosis.sources if line.source == title]
    return line


def serving(pages: list[tuple[float, float]] = PAGES, prefix: str = "vllm:") -> Scene:
    """A node with one device and one pod, whose engine's page has tokens and requests."""
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).pod("p", "n", KUBE, 1.0, "10.0.0.1").gpu("n", 0, PAGES, 0.6)
    return engine(scene, pages, prefix)


def engine(scene: Scene, pages: list[tuple[float, float]], prefix: str = "vllm:", ip: str = "10.0.0.1") -> Scene:
    own = {"instance": f"{ip}:8000", "model_name": "m", "engine": "0"}
    scene.add(f"{prefix}num_requests_running", pages, **own)
    for name in ("generation_tokens_total", "prompt_tokens_total", "time_to_first_token_seconds_count"):
        scene.add(prefix + name, [(at, at - START + 300) for at, _ in pages], **own)
    return scene.add("up", pages, instance=f"{ip}:8000", job="vllm")


def device(scene: Scene, name: str, value: float, node: str = "n", index: int = 0, **more: str) -> Scene:
    """A further gauge of the device that `Scene.gpu` made."""
    own = {"gpu": str(index), "UUID": f"GPU-{node}-{index}", "modelName": "NVIDIA H100 80GB HBM3"}
    own |= {"Hostname": node, "instance": f"{node}:9400", **more}
    return scene.add(name, [(at, value) for at, _ in PAGES], **own)
