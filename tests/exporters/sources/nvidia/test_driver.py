"""The opening of the library: never taken from under a thread that is inside a call."""

from __future__ import annotations

import threading

import pytest

from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Machine
from exporters.source import SourceFailed
from exporters.sources.nvidia import driver as driver_module
from exporters.sources.nvidia.driver import Driver
from tests.exporters.sources.nvidia.conftest import BOOTED, Clock, wait_until


@pytest.fixture
def driver(clock: Clock) -> Driver:
    made = Driver(lambda: SimulatedNvml(Machine((), BOOTED), clock))
    made.open()
    return made


def test_nobody_is_lent_a_library_that_is_not_open(clock: Clock) -> None:
    with pytest.raises(SourceFailed), Driver(lambda: SimulatedNvml(Machine((), BOOTED), clock)).lent():
        pass


def test_reopening_waits_for_who_is_inside_and_refuses_who_comes(driver: Driver) -> None:
    order: list[str] = []
    with driver.lent():
        opener = threading.Thread(target=lambda: driver.reopen(lambda: order.append("freed")))
        opener.start()
        wait_until(lambda: driver.is_wanted_back)
        with pytest.raises(SourceFailed, match="next reading"), driver.lent():
            pass
        order.append("came out")
    opener.join(10)
    assert order == ["came out", "freed"]
    assert driver.generation == 2


def test_who_never_comes_out_only_postpones_it(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "_PATIENCE_SECONDS", 0.01)
    with driver.lent():
        assert not driver.reopen(lambda: pytest.fail("freed under a call"))
        with driver.lent():
            assert driver.generation == 1
    assert driver.reopen(lambda: None)
