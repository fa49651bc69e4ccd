"""Pages of what sources answer, compared with golden ones, and small trees of the kernel's files.

The golden pages are written anew with `GPUYIELD_WRITE_GOLDEN=1 python -m pytest tests/exporters/sources`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporters.metric import Sample
from exporters.simulation.neuron_monitor_lines import EccTotals, Machine, Process, document
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.sources.neuron.schema import Report, report_of

GOLDEN = Path(__file__).parents[3] / "golden"
AT = 1_794_268_800.0  # 2026-11-10 00:00 UTC
PERIOD = 10.0
MOST_LABELS = 20
FAKE = (sys.executable, "-m", "exporters.simulation.neuron_monitor")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the agent would be told."""

    sysfs: Path
    node_name: str = "node-1"
    interval_seconds: float = 1.0
    neuron_monitor: tuple[str, ...] = ()
    neuron_source: Path | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Samples as the agent's page gets them."""

    all: Sequence[Sample]
    version: int = 1

    def samples(self) -> Sequence[Sample]:
        return self.all


def page_of(samples: Iterable[Sample]) -> bytes:
    """The page on which the agent would show them."""
    return PrometheusPage(Shown(list(samples))).answer().body


def check_golden(name: str, samples: Iterable[Sample]) -> None:
    """The page is the golden one, and one that Prometheus's own checker takes."""
    shown = list(samples)
    page = page_of(shown)
    path = GOLDEN / f"{name}.prom"
    if os.environ.get("GPUYIELD_WRITE_GOLDEN"):
        path.write_bytes(page)
    assert page.decode() == path.read_text()
    assert max(len(sample.labels) for sample in shown) <= MOST_LABELS
    assert len({(sample.metric.name, sample.labels) for sample in shown}) == len(shown)
    if promtool := shutil.which("promtool"):
        done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def line_of(machine: Machine, *processes: Process, at: float = AT, ecc: EccTotals | None = None) -> bytes:
    return json.dumps(document(machine, processes, at, PERIOD, ecc)).encode()


def report(machine: Machine, *processes: Process, at: float = AT, ecc: EccTotals | None = None) -> Report:
    """One line of the simulated neuron-monitor, as it is read."""
    return report_of(line_of(machine, *processes, at=at, ecc=ecc))


def values(samples: Iterable[Sample], name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by its labels that are not empty, in the order of the label names."""
    return {
        tuple(value for _, value in sample.labels if value): sample.value
        for sample in samples
        if sample.metric.name == name
    }


def write_tree(root: Path, files: Mapping[str, str]) -> None:
    """Files below a folder, by their paths."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings on a machine without any device, unless told otherwise."""

    def make(**told: object) -> Settings:
        return Settings(**({"sysfs": tmp_path / "sys"} | told))  # type: ignore[arg-type]

    return make
