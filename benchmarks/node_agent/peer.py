"""nvitop-exporter on the same simulated cards, run by the Python of an environment that has it: see __main__.py.

Every function of `pynvml` is replaced: by the simulated one, or where that has none by the answer "not supported".
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from typing import Any

import pynvml

from benchmarks.node_agent.machine import Timed, simulated

# The simulated library has two clocks; graphics and video run with the first.
_CLOCKS = {0: pynvml.NVML_CLOCK_SM, 1: pynvml.NVML_CLOCK_SM, 2: pynvml.NVML_CLOCK_MEM, 3: pynvml.NVML_CLOCK_SM}

# nvitop calls these by itself, past `pynvml`.
_REWRITTEN = (
    "nvmlDeviceGetMemoryInfo",
    "nvmlDeviceGetTemperature",
    "nvmlDeviceGetFieldValues",
    "nvmlDeviceGetComputeRunningProcesses",
)


def _not_supported(*_: Any, **__: Any) -> Any:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


def _replace(timed: Timed) -> None:
    for name, found in list(vars(pynvml).items()):
        is_ours = name.startswith(("nvmlDevice", "nvmlSystem", "nvmlGpm", "nvmlUnit", "nvmlInit", "nvmlShutdown"))
        if callable(found) and is_ours:
            setattr(pynvml, name, getattr(timed, name, _not_supported))
    pynvml.nvmlInitWithFlags = lambda _flags: timed.nvmlInit()
    pynvml.nvmlDeviceGetClockInfo = lambda handle, clock: timed.nvmlDeviceGetClockInfo(handle, _CLOCKS[clock])


def _tell(timed: Timed) -> None:
    for _ in sys.stdin:
        print(timed.cpu_seconds, flush=True)
    os._exit(0)


def main() -> None:
    timed = Timed(simulated(time.time(), has_faults=False))
    _replace(timed)
    threading.Thread(target=_tell, args=(timed,), daemon=True).start()
    exporter = importlib.import_module("nvitop_exporter.cli")  # not in the environment that checks types
    nvml = importlib.import_module("nvitop.api.libnvml")
    for name in _REWRITTEN:
        setattr(nvml, name, getattr(timed, name))
    sys.exit(exporter.main())


if __name__ == "__main__":
    main()
