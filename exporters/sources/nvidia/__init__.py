"""NVIDIA devices through NVML alone: identity, use, power, faults, and on Hopper and newer how busy their parts are.

nvml.py is the library as we call it, driver.py its opening, roster.py finds the devices. gpu.py reads one of them with
asking.py (what it will never answer), readings.py, meters.py, fields.py and counters.py, mig.py, gpm.py. xids.py waits
for faults (faults.py counts them); node.py tells of all devices, also of those that cannot speak (watch.py).
"""

from __future__ import annotations

import time
from typing import Protocol

from exporters.sources.nvidia.nvml import load
from exporters.sources.nvidia.roster import Nvidia

__all__ = ["Nvidia", "make_roster"]


class NvidiaSettings(Protocol):
    """What this source is told."""

    @property
    def node_name(self) -> str:
        """The Kubernetes node that this runs on."""

    @property
    def interval_seconds(self) -> float:
        """From reading to reading."""


def make_roster(settings: NvidiaSettings) -> Nvidia:
    return Nvidia(load, settings.node_name, settings.interval_seconds, time.time)
