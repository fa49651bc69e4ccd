"""Whole pages of known nodes. GPUYIELD_WRITE_GOLDEN=1 writes them anew; read the difference before it is kept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.simulation.nvml.cards import A10G, A100, H100, T4
from exporters.simulation.nvml.machine import Gpu, Slice, Xid
from exporters.simulation.nvml.work import always, steady
from exporters.simulation.steps import FOREVER, Span
from tests.exporters.sources.nvidia.conftest import START, Rig, cards, page_of, rig_of

GOLDEN = Path(__file__).resolve().parents[3] / "golden"
LABELS_AT_MOST = 20

_SERVING = steady(0.82, 0.61, 0.34, 0.47, used_mib=71_000)
_IDLE = steady(0.0, 0.0, 0.0, 0.0, used_mib=0, processes=0)


def _h100() -> Rig:
    return rig_of(*cards(H100, [_SERVING, _IDLE] * 4, throttled={74: always(0.05)}))


def _a10g() -> Rig:
    return rig_of(*cards(A10G, [steady(0.9, 0.5, 0.2, 0.6, used_mib=20_000)] * 4))


def _t4() -> Rig:
    return rig_of(*cards(T4, [steady(0.4, 0.3, 0.1, 0.2, used_mib=9000, processes=3)]))


def _mig() -> Rig:
    big = Slice("MIG-big", 1, "3g.20gb", 3, 19968, steady(0.8, 0.7, 0.4, 0.3, used_mib=9000))
    small = Slice("MIG-small", 9, "1g.5gb", 1, 4864, steady(0.2, 0.1, 0.1, 0.1, used_mib=500))
    sliced = Gpu("GPU-0", A100, steady(0.5, 0.4, 0.2, 0.2, used_mib=0), slices=(big, small), has_mig=True)
    return rig_of(sliced, Gpu("GPU-1", A100, steady(1.0, 0.9, 0.8, 0.7, used_mib=30_000)))


def _lost() -> Rig:
    lost = Gpu("GPU-0", H100, _SERVING, lost=(Span(START + 5, FOREVER),), faults=(Xid(START + 4, 79),))
    return rig_of(lost, Gpu("GPU-1", H100, _SERVING))


RIGS: dict[str, Callable[[], Rig]] = {"h100": _h100, "a10g": _a10g, "t4": _t4, "mig": _mig, "lost": _lost}


def page(name: str) -> str:
    """The page after the second reading, ten seconds after the first. The faults are read first: their reading takes
    the time between."""
    rig = RIGS[name]()
    rig.read_all()
    faults = rig.read(lambda name: name.endswith("/xid")).samples
    rig.clock.now = START + 10
    return page_of([*faults, *rig.read().samples])


@pytest.mark.parametrize("name", RIGS)
def test_a_node_s_page_is_as_it_was(name: str) -> None:
    path = GOLDEN / f"nvidia-{name}.prom"
    if os.environ.get("GPUYIELD_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(name))
    assert page(name) == path.read_text()


@pytest.mark.parametrize("name", RIGS)
def test_a_series_has_few_labels(name: str) -> None:
    most = max(len(re.findall(r'[{,]\w+="', line)) for line in page(name).splitlines() if not line.startswith("#"))
    assert most <= LABELS_AT_MOST


@pytest.mark.parametrize("name", RIGS)
def test_prometheus_s_own_checker_has_nothing_to_say(name: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    done = subprocess.run([promtool, "check", "metrics"], input=page(name), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
