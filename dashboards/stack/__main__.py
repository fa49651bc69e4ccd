"""Runs the whole stack on loopback until Ctrl-C: `make stack`, or `python -m dashboards.stack`.

A simulated fleet served live by real agents, a real Prometheus that scrapes it and evaluates the rules, a real
Alertmanager, and `gpuyield publish`. PROMETHEUS and ALERTMANAGER name other programs than those on the PATH.
Exit codes: 0 stopped, 1 a program is missing or ended by itself.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from dashboards.stack.binaries import binaries
from dashboards.stack.stack import Stack, Stopped
from dashboards.stack.table import screen
from exporters.source import GpuyieldError
from exporters.stopping import stop_signals

_TICK_SECONDS = 0.2


def main() -> int:
    """Ends what it started, however it ends."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboards.stack", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="keep files and logs in this new folder; else they go at the end"
    )
    arguments = parser.parse_args()
    try:
        with stop_signals() as received, ExitStack() as held:
            # A terminal that is closed is a Ctrl-C too, but not under nohup.
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
                signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
            print("stack: starting, which takes some ten seconds", file=sys.stderr)
            stack = Stack(binaries(os.environ), _folder(arguments.folder, held), lambda: bool(received))
            held.callback(stack.stop)
            with suppress(Stopped):
                _run(stack, received)
            print("stack: stopping", file=sys.stderr)
    except GpuyieldError as error:
        print(f"stack: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _run(stack: Stack, received: list[int]) -> None:
    stack.start()
    print(screen(stack), end="", flush=True)
    while not received:
        stack.check()
        time.sleep(_TICK_SECONDS)


def _folder(given: Path | None, held: ExitStack) -> Path:
    if given is None:
        return Path(held.enter_context(tempfile.TemporaryDirectory(prefix="gpuyield-stack-")))
    try:
        given.mkdir(parents=True)
    except OSError as error:
        raise GpuyieldError(f"--folder {given} cannot be made: {error.strerror}") from None
    return given.resolve()


if __name__ == "__main__":
    sys.exit(main())
