"""A neuron-monitor that needs no hardware: `python -m exporters.simulation.neuron_monitor --help`.

It takes the configuration file of the real program (`-c`), prints a JSON line per period, and fails as it is told to.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from exporters.simulation.neuron_monitor_lines import (
    INSTANCE_TYPES,
    Activity,
    Json,
    Machine,
    Process,
    document,
    machine_of,
)

_USUAL_PERIOD_SECONDS = 5.0
_HUGE_BYTES = 20 * 1024 * 1024
_NOISE_BYTES = 1024 * 1024  # far more than a pipe holds
_EXIT_STATUS = 3


class Fault(StrEnum):
    """What goes wrong instead of, or beside, a line."""

    BAD = "bad"  # a line that is no JSON
    CUT = "cut"  # half a line, and the end
    HANG = "hang"  # prints nothing any more, and lives on
    EXIT = "exit"  # says why on stderr, and ends
    HUGE = "huge"  # a line of 20 MiB
    NAN = "nan"  # a line with NaN, which is no JSON either
    NOISE = "noise"  # a MiB on stderr before the line


@dataclass(frozen=True, slots=True)
class Program:
    """What the simulated neuron-monitor sees; `faults` by the number of the line, from 1."""

    machine: Machine
    processes: Sequence[Process]
    period_seconds: float
    faults: Mapping[int, Fault]

    def line(self, at: float) -> str:
        return json.dumps(document(self.machine, self.processes, at, self.period_seconds))

    def run(self, write: Callable[[str], None], lines: int | None) -> int:
        """Prints until `lines` have been printed or a fault ends it; the exit status."""
        number = 0
        while lines is None or number < lines:
            number += 1
            fault = self.faults.get(number)
            match fault:
                case Fault.HANG:
                    _sleep_for_ever()
                case Fault.EXIT:
                    print("neuron-monitor: no driver", file=sys.stderr)
                    return _EXIT_STATUS
                case Fault.CUT:
                    line = self.line(time.time())
                    write(line[: len(line) // 2])
                    return _EXIT_STATUS
                case Fault.NOISE:
                    sys.stderr.write("noise\n" * (_NOISE_BYTES // 6))
            write(_spoiled(self.line(time.time()), fault) + "\n")
            if number != lines:
                time.sleep(self.period_seconds)
        return 0


def _spoiled(line: str, fault: Fault | None) -> str:
    spoilers: Mapping[Fault | None, Callable[[str], str]] = MappingProxyType(
        {
            Fault.BAD: lambda line: "panic: " + line[:40],
            Fault.NAN: lambda line: line.replace('"period": ', '"period": NaN, "was": ', 1),
            Fault.HUGE: lambda line: json.dumps({"neuron_runtime_data": [], "filler": "x" * _HUGE_BYTES}),
        }
    )
    return spoilers.get(fault, str)(line)


def _sleep_for_ever() -> None:
    while True:
        time.sleep(3600)


def _processes(machine: Machine, loads: Sequence[str]) -> Iterator[Process]:
    """One process per TAG=LOAD; each holds an equal run of devices, the last ones stay idle."""
    each = machine.devices // len(loads) if loads else 0
    for number, text in enumerate(loads):
        tag, _, load = text.partition("=")
        devices = range(number * each, (number + 1) * each)
        yield Process(tag, devices, _constant(float(load)), pid=4242 + number)


def _constant(share: float) -> Activity:
    return lambda _device, _at: share


def _fault(text: str) -> tuple[int, Fault]:
    kind, _, number = text.partition("@")
    return int(number), Fault(kind)


def _period_seconds(configuration: Path | None) -> float:
    """Whole seconds only: the real program takes its default for anything else."""
    if configuration is None:
        return _USUAL_PERIOD_SECONDS
    told: Json = json.loads(configuration.read_bytes())
    number = str(told.get("period", "")).removesuffix("s")
    return float(number) if number.isdecimal() else _USUAL_PERIOD_SECONDS


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="neuron-monitor", description="A neuron-monitor without hardware.")
    parser.add_argument("-c", dest="configuration", type=Path, help="configuration file of the real program")
    parser.add_argument("--instance-type", choices=INSTANCE_TYPES, default="trn1.32xlarge")
    parser.add_argument("--lnc", type=int, choices=(1, 2), help="physical cores per logical one")
    parser.add_argument("--process", action="append", default=[], metavar="TAG=LOAD", help="may be given again")
    parser.add_argument("--period", type=float, help="seconds between lines, whatever the configuration says")
    parser.add_argument("--lines", type=int, help="end after so many")
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, metavar="KIND@LINE", help=f"KIND is {', '.join(Fault)}"
    )
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """The program; its exit status."""
    arguments = _arguments(words)
    machine = machine_of(arguments.instance_type, arguments.lnc)
    period = arguments.period or _period_seconds(arguments.configuration)
    program = Program(machine, list(_processes(machine, arguments.process)), period, dict(arguments.fault))
    try:
        return program.run(_write, arguments.lines)
    except BrokenPipeError:  # whoever read it is gone
        sys.stdout = None
        return _EXIT_STATUS


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
