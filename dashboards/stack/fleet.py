"""Serves the simulated fleet live until it is stopped, and writes where: `python -m dashboards.stack.fleet FOLDER`.

FOLDER gets `targets.json` for Prometheus' file discovery, last, and if asked for `history.om`, the minutes before.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from dashboards.stack.files import HISTORY, INTERVAL_SECONDS, TARGETS
from dashboards.stack.history import write_history
from exporters.agent.log import Level, Log, LogFormat
from exporters.agent.settings import Address, parse_address
from exporters.recording.targets import Target
from exporters.simulation.live import LiveFleet, fleet_before, live_fleet
from exporters.source import GpuyieldError
from exporters.stopping import stop_signals
from exporters.whole_file import write_whole

SEED = 7
_STORY_SECONDS = 86_400.0
_HISTORY_INTERVAL_SECONDS = 15.0
_TICK_SECONDS = 0.2


def main() -> int:
    """Runs until a signal comes or the day that is simulated is over."""
    arguments = _arguments()
    try:
        _serve(arguments.folder, arguments.listen, 60 * arguments.history_minutes)
    except GpuyieldError as error:
        print(f"fleet: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboards.stack.fleet", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--listen", type=parse_address, default=Address("127.0.0.1", 0), metavar="HOST:PORT", help="of the first page"
    )
    parser.add_argument("--history-minutes", type=float, default=0.0, metavar="N", help="write them too (default: 0)")
    return parser.parse_args()


def _serve(folder: Path, listen: Address, history_seconds: float) -> None:
    now = time.time()
    if history_seconds:
        write_history(fleet_before(SEED, now, history_seconds, _HISTORY_INTERVAL_SECONDS), folder / HISTORY)
    fleet = live_fleet(SEED, now, _STORY_SECONDS, INTERVAL_SECONDS)
    log = Log(sys.stderr, LogFormat.LOGFMT, Level.WARNING, time)
    # From here on a signal is heeded and not simply the end. The kubelets' sockets need a short path.
    with (
        stop_signals() as received,
        tempfile.TemporaryDirectory(prefix="gpuyield-") as own,
        LiveFleet(fleet, Path(own), listen, INTERVAL_SECONDS, log) as live,
    ):
        write_whole(folder / TARGETS, json.dumps(discovered(live.targets()), indent=1).encode())
        while not received and time.time() < now + _STORY_SECONDS:
            live.tend()
            time.sleep(_TICK_SECONDS)


def discovered(targets: Iterable[Target]) -> list[dict[str, object]]:
    """As Prometheus' file discovery reads them."""
    groups: list[dict[str, object]] = []
    for target in targets:
        url = urlsplit(target.url)
        groups.append({"targets": [url.netloc], "labels": {**dict(target.labels), "__metrics_path__": url.path}})
    return groups


if __name__ == "__main__":
    sys.exit(main())
