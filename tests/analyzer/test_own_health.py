"""What gpuyield's own agent says of a device's health decides as DCGM's fault code does."""

from __future__ import annotations

import pytest

from tests.analyzer.conftest import START, Ledgers, Scene, by, every

HOUR = every(START, START + 3600, 15)


def _scene() -> Scene:
    scene = Scene().node("a", HOUR, "p5.4xlarge", 1)
    own = {"uuid": "GPU-1", "index": "0", "node": "a", "instance": "a:19400", "model": "NVIDIA H100 80GB HBM3"}
    scene.add("gpuyield_accelerator_info", HOUR, **own)
    return scene.add("gpuyield_accelerator_memory_used_bytes", HOUR, uuid="GPU-1")


@pytest.mark.parametrize("word", ["gpuyield_accelerator_healthy", "gpuyield_accelerator_up"])
def test_an_unhealthy_device_is_an_unhealthy_node_until_it_is_well_again(ledgers: Ledgers, word: str) -> None:
    ill = [(at, 0.0 if START + 600 <= at < START + 1500 else 1.0) for at, _ in HOUR]
    found = by(ledgers(_scene().add(word, ill, uuid="GPU-1"), START, START + 3600), "state")
    assert found["node-unhealthy"] == pytest.approx(900, abs=15)


def test_a_device_that_stays_well_is_free(ledgers: Ledgers) -> None:
    scene = _scene().add("gpuyield_accelerator_healthy", HOUR, uuid="GPU-1")
    found = by(ledgers(scene, START, START + 3600), "state")
    assert "node-unhealthy" not in found
