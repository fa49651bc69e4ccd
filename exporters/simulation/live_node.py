"""A simulated node with a real agent: the page, the kubelet's socket and neuron-monitor are real, the devices not."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from exporters.agent.agent import Agent
from exporters.agent.log import Log
from exporters.agent.settings import Address, Settings
from exporters.simulation.kubelet import Kubelet, allocatable, listing
from exporters.simulation.neuron_pool import BUSY_RATIO
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Machine
from exporters.simulation.placement import holdings, offered_ids
from exporters.simulation.story import Node, Pod
from exporters.simulation.sysfs import write_adapter, write_machine
from exporters.sources import efa, kubelet, neuron
from exporters.sources.nvidia import Nvidia


class LiveNode:
    """Listens from the moment it is made. `folder` is for its socket and its sysfs; its path must be short."""

    def __init__(
        self,
        node: Node,
        pods: Sequence[Pod],
        machine: Machine | None,
        folder: Path,
        listen: Address,
        interval_seconds: float,
        log: Log,
    ) -> None:
        self.node = node
        self._pods = pods
        self._sysfs = folder / "sys"
        self._has_adapter = node.machine.cards > 4
        self._kubelet = Kubelet(folder / "kubelet.sock")
        settings = Settings(
            node_name=node.name,
            listen=listen,
            interval_seconds=interval_seconds,
            kubelet_socket=folder / "kubelet.sock",
            neuron_monitor=() if machine else _neuron_monitor(node),
            sysfs=self._sysfs,
        )
        library = SimulatedNvml(machine or Machine(gpus=(), booted=node.created, has_library=False))
        nvidia = Nvidia(lambda: library, node.name, interval_seconds, time.time)
        others = (neuron.make_roster(settings), efa.make_roster(settings), kubelet.make_roster(settings, nvidia))
        self.agent = Agent(settings, [nvidia, *others], log=log)

    def start(self) -> None:
        write_machine(self._sysfs, self.node)
        self.tend()
        self._kubelet.start()
        self.agent.start()

    def tend(self) -> None:
        """To be called about every second: pods come and go, counters rise."""
        now = time.time()
        self._kubelet.pods = listing(holdings(self.node, self._pods, now))
        self._kubelet.offered = allocatable(offered_ids(self.node, now).items())
        if self._has_adapter:
            write_adapter(self._sysfs, now - self.node.created)

    def stop(self) -> None:
        self.agent.stop()
        self._kubelet.stop()


def _neuron_monitor(node: Node) -> tuple[str, ...]:
    program = (sys.executable, "-m", "exporters.simulation.neuron_monitor")
    return (*program, "--instance-type", node.machine.name, "--process", f"pretrain={BUSY_RATIO}")
