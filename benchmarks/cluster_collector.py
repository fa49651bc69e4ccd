"""How large and how quick `gpuyield export cluster` is on a big cluster: `python -m benchmarks.cluster_collector`.

A simulated API server, in a process of its own, has 5,000 nodes (500 with accelerators) and 50,000 pods (2,000 hold
some), with the fields that real ones carry; answers are compressed as the real server's are. The collector is the
command that a user runs. Printed is what its first whole page took, and then what a minute of 100 changes a second
costs while it is scraped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from exporters.simulation.kube_api.crowd import Crowd
from exporters.simulation.kube_api.server import KubeApi

_ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
_HOLDER_SHARE = 25
_SCRAPE_SECONDS = 15.0
_PATIENCE_SECONDS = 300.0
_BUDGET_SECONDS, _BUDGET_MIB = 30.0, 300.0
_URL = re.compile(r"url=(\S+)")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process up to now."""

    rss_mib: float
    peak_mib: float
    cpu_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--pods", type=int, default=50_000)
    parser.add_argument("--changes", type=float, default=100.0, help="a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of steady state")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(Crowd(arguments.nodes, arguments.pods, _HOLDER_SHARE, arguments.changes))
        return
    with tempfile.TemporaryDirectory() as place:
        _measure(arguments, Path(place))


def _serve(crowd: Crowd) -> None:
    """Until stdin ends."""
    with KubeApi(crowd) as api:
        print(api.url, flush=True)
        sys.stdin.read()


def _measure(arguments: argparse.Namespace, place: Path) -> None:
    sizes = {name: str(getattr(arguments, name)) for name in ("nodes", "pods", "changes")}
    options = [word for name, value in sizes.items() for word in (f"--{name}", value)]
    with _running([sys.executable, "-m", "benchmarks.cluster_collector", "--serve", *options]) as server:
        kubeconfig = _kubeconfig(place, _line(server.stdout).strip())
        command = [sys.executable, "-m", "gpuyield", "export", "cluster", "--listen", "127.0.0.1:0"]
        began = monotonic()
        with _running(command, KUBECONFIG=str(kubeconfig)) as collector:
            url = _served_at(collector.stderr)
            _first_page(url, arguments.nodes, -(-arguments.pods // _HOLDER_SHARE))
            _show_first(monotonic() - began, _usage(collector.pid), _usage(server.pid))
            _show_steady(collector.pid, server.pid, url, arguments)


@contextmanager
def _running(command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env=os.environ | {"NO_PROXY": "127.0.0.1"} | environment,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe if environment else None,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _kubeconfig(place: Path, url: str) -> Path:
    content = {
        "current-context": "crowd",
        "clusters": [{"name": "crowd", "cluster": {"server": url}}],
        "contexts": [{"name": "crowd", "context": {"cluster": "crowd", "user": "reader"}}],
        "users": [{"name": "reader", "user": {}}],
    }
    path = place / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    if line := stream.readline():
        return line
    raise RuntimeError("the process ended before it said where it listens")


def _served_at(log: IO[str] | None) -> str:
    while (found := _URL.search(_line(log))) is None:
        pass
    return found[1]


def _page(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        text: str = answer.read().decode()
        return text


def _first_page(url: str, nodes: int, holders: int) -> None:
    """Waits for one with all nodes, and all pods that hold accelerators."""
    until = monotonic() + _PATIENCE_SECONDS
    page = ""
    while not (page.count("\ngpuyield_node_info{") == nodes and page.count("\ngpuyield_pod_info{") == holders):
        if monotonic() > until:
            raise RuntimeError(f"no whole page within {_PATIENCE_SECONDS:.0f} s; the last one began\n{page[:2000]}")
        sleep(0.5)
        page = _page(url)
    print(f"page: {page.count(chr(10)):,} lines, {len(page) / 2**20:.1f} MiB")


def _usage(pid: int) -> Usage:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    rss, peak = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return Usage(rss, peak, (int(times[11]) + int(times[12])) / _TICKS)


def _show_first(seconds: float, collector: Usage, server: Usage) -> None:
    print(f"{'first whole page':28} {seconds:8.1f} s     budget {_BUDGET_SECONDS:.0f} s")
    print(f"{'  CPU of the collector':28} {collector.cpu_seconds:8.1f} s     the server's {server.cpu_seconds:.1f} s")
    print(f"{'  peak RSS':28} {collector.peak_mib:8.0f} MiB   budget {_BUDGET_MIB:.0f} MiB", flush=True)


def _show_steady(pid: int, server: int, url: str, arguments: argparse.Namespace) -> None:
    before, other, began = _usage(pid), _usage(server), monotonic()
    while (left := began + arguments.seconds - monotonic()) > 0:
        _page(url)
        sleep(min(_SCRAPE_SECONDS, left))
    after, seconds = _usage(pid), monotonic() - began
    share = (after.cpu_seconds - before.cpu_seconds) / seconds
    others = (_usage(server).cpu_seconds - other.cpu_seconds) / seconds
    print(f"steady: {seconds:.0f} s with {arguments.changes:g} changes/s, scraped every {_SCRAPE_SECONDS:g} s")
    print(f"{'  CPU of the collector':28} {share:8.1%} of a core, the server's {others:.1%}")
    print(f"{'  RSS, peak RSS':28} {after.rss_mib:8.0f} MiB, {after.peak_mib:.0f} MiB   budget {_BUDGET_MIB:.0f} MiB")


if __name__ == "__main__":
    main()
