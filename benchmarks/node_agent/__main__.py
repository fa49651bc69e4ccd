"""How small and steady the node agent is, beside nvitop-exporter in the same run: `python -m benchmarks.node_agent`.

Eight simulated H100 and a simulated neuron-monitor; all pods are replaced every 20 s, a fault (Xid) comes every 20 s,
one card hangs for a minute every five, one falls off the bus and comes back, neuron-monitor ends or hangs once a
minute. A real Prometheus and a client of our own scrape at the interval. Then a second, shorter run at 10 s.

The peer has the same cards without the faults. It is run by a Python of its own:

    python -m venv peer && peer/bin/pip install nvitop-exporter numpy
    python -m benchmarks.node_agent --peer-python peer/bin/python

The simulated library answers within both processes: the CPU that it takes is measured there, its memory in a process
that has nothing else. What was measured every 10 s stays in benchmarks/results/node_agent_soak.csv.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.node_agent.processes import ROOT
from benchmarks.node_agent.report import show
from benchmarks.node_agent.soak import Soak, write_csv

_RESULT = ROOT / "benchmarks/results/node_agent_soak.csv"
_BUDGET_INTERVAL = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds")
    parser.add_argument("--budget-minutes", type=float, default=5.0, help="of the second run, at 10 s")
    parser.add_argument("--peer-python", required=True, help="of an environment with nvitop-exporter and numpy")
    parser.add_argument("--result", type=Path, default=_RESULT, help="the CSV file of the first run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        parts = (
            ("soak", arguments.minutes, arguments.interval),
            ("budget", arguments.budget_minutes, _BUDGET_INTERVAL),
        )
        for name, minutes, interval in parts:
            with Soak(Path(place) / name, interval, arguments.peer_python) as soak:
                run = soak.last(minutes * 60)
            if name == "soak":
                write_csv(run.looks, arguments.result)
            show(run)


if __name__ == "__main__":
    main()
