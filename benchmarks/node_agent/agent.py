"""The agent in a process of its own: `python -m benchmarks.node_agent.agent OPTIONS`, told what to do on its stdin.

`hang UUID` and `release UUID` stop and start a card, `tell` is answered with the CPU seconds of the simulated library.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import cast

from benchmarks.node_agent.machine import Timed, simulated
from exporters.agent.agent import Agent
from exporters.agent.settings import Address, Settings
from exporters.sources import efa, kubelet, neuron
from exporters.sources.nvidia import Nvidia
from exporters.sources.nvidia.nvml import Nvml


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interval", type=float, required=True)
    parser.add_argument("--kubelet", type=Path, required=True)
    parser.add_argument("--sysfs", type=Path, required=True)
    arguments = parser.parse_args()
    settings = Settings(
        node_name="node-1",
        listen=Address("127.0.0.1", 0),
        interval_seconds=arguments.interval,
        kubelet_socket=arguments.kubelet,
        neuron_monitor=(sys.executable, "-m", "benchmarks.node_agent.neuron_monitor"),
        sysfs=arguments.sysfs,
    )
    nvml = simulated(time.time(), has_faults=True)
    timed = Timed(nvml)
    nvidia = Nvidia(lambda: cast("Nvml", timed), settings.node_name, settings.interval_seconds, time.time)
    agent = Agent(
        settings,
        [efa.make_roster(settings), kubelet.make_roster(settings, nvidia), neuron.make_roster(settings), nvidia],
    )
    agent.start()
    print(agent.url, flush=True)
    for line in sys.stdin:
        word, _, uuid = line.strip().partition(" ")
        if word == "tell":
            print(timed.cpu_seconds, flush=True)
        elif word == "hang":
            nvml.hang(uuid)
        elif word == "release":
            nvml.release(uuid)
    agent.stop()


if __name__ == "__main__":
    main()
