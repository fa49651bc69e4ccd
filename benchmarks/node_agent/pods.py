"""A kubelet in a process of its own, whose pods are all replaced every 20 s; its socket is the argument.

It ends when its stdin does.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.node_agent.machine import UUIDS
from exporters.simulation.kubelet import Holding, Kubelet, allocatable, listing

_CHURN_SECONDS = 20.0
_RESOURCE, _SHARED = "nvidia.com/gpu", "nvidia.com/gpu.shared"


def _holdings(turn: int) -> Iterator[Holding]:
    """One pod for each card, two on the last one; no name ever comes back."""
    for number, uuid in enumerate(UUIDS[:-1]):
        yield Holding("training", f"job-{turn:05d}-{number}", "main", _RESOURCE, (uuid,))
    for share in range(2):
        yield Holding("notebooks", f"notebook-{turn:05d}-{share}", "main", _SHARED, (f"{UUIDS[-1]}::{share}",))


def main() -> None:
    with Kubelet(Path(sys.argv[1])) as kubelet:
        kubelet.offered = allocatable(
            [(_RESOURCE, UUIDS[:-1]), (_SHARED, [f"{UUIDS[-1]}::{share}" for share in range(2)])]
        )
        turn = 0
        while True:
            kubelet.pods = listing(_holdings(turn))
            if turn == 0:
                print("ready", flush=True)
            turn += 1
            if select.select([sys.stdin], [], [], _CHURN_SECONDS)[0]:
                return


if __name__ == "__main__":
    main()
