"""A simulated neuron-monitor that soon hangs or ends, whichever comes: it is started again and again."""

from __future__ import annotations

import random
import sys

from exporters.simulation import neuron_monitor


def main() -> int:
    fault = random.choice(["hang", "exit"])
    options = ["--instance-type", "inf2.xlarge", "--process", "server=0.6", "--fault", f"{fault}@60"]
    return neuron_monitor.main([*sys.argv[1:], *options])


if __name__ == "__main__":
    sys.exit(main())
