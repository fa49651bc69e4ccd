"""One run: the agent and its peer side by side, scraped, with faults, measured every ten seconds."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Event

from benchmarks.node_agent.machine import HANGS, UUIDS
from benchmarks.node_agent.processes import Child, child, free_port, module, usage_of, wait_for
from benchmarks.node_agent.scraping import Client, Prometheus, prometheus

_LOOK_SECONDS = 10.0
_HANG_AFTER, _HANG_EVERY, _HANG_SECONDS = 60.0, 300.0, 60.0
AGENT, PEER = "gpuyield", "peer"


@dataclass(frozen=True, slots=True)
class Look:
    """What both used up to this second of the run. `fake` is the simulated library within the process."""

    seconds: float
    rss_mib: float
    cpu_seconds: float
    fake_cpu_seconds: float
    threads: int
    open_files: int
    series: int  # on the page
    page_bytes: int  # as sent, with gzip
    peer_rss_mib: float
    peer_cpu_seconds: float
    peer_fake_cpu_seconds: float
    peer_series: int


@dataclass(slots=True)
class Run:
    """What one run brought. `hangs` are times in which a card hung, unix seconds; scrapes are (when, seconds)."""

    interval_seconds: float
    looks: list[Look] = field(default_factory=list)
    hangs: list[tuple[float, float]] = field(default_factory=list)
    by_client: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    by_prometheus: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    failed_scrapes: int = 0
    seen: dict[str, int] = field(default_factory=dict)  # scrapes with figures of a card, by UUID, or of "neuron"
    fake_mib: float = 0.0  # what the simulated library adds to a bare Python

    def is_hung(self, at: float) -> bool:
        return any(start <= at <= end for start, end in self.hangs)


class Soak:
    """Everything that runs while it lasts."""

    def __init__(self, folder: Path, interval_seconds: float, peer_python: str) -> None:
        self._run = Run(interval_seconds)
        self._stack = ExitStack()
        (folder / "sys/devices/virtual/neuron_device/neuron0").mkdir(parents=True)
        enter = self._stack.enter_context
        socket = folder / "kubelet.sock"
        self._pods = enter(child(module("pods", str(socket)), folder / "pods.log"))
        self._pods.answer()
        options = ["--interval", str(interval_seconds), "--kubelet", str(socket), "--sysfs", str(folder / "sys")]
        self._agent = enter(child(module("agent", *options), folder / "agent.log"))
        peer_address = f"127.0.0.1:{free_port()}"
        options = ["--port", peer_address.rpartition(":")[2], "--interval", str(interval_seconds)]
        self._peer = enter(child(module("peer", *options, python=peer_python), folder / "peer.log"))
        addresses = {AGENT: self._agent.answer().removeprefix("http://"), PEER: peer_address}
        wait_for(f"http://{peer_address}/metrics")
        self._prometheus = enter(prometheus(addresses, interval_seconds, folder / "prometheus"))
        self._stop = Event()
        self._stack.callback(self._stop.set)
        self._run.fake_mib = _fake_mib(folder)
        self._clients = {name: Client(address, interval_seconds, self._stop) for name, address in addresses.items()}

    def __enter__(self) -> Soak:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def last(self, seconds: float) -> Run:
        """Runs for so long."""
        for client in self._clients.values():
            client.start()
        started, look_at = time.time(), 0.0
        while (passed := time.time() - started) < seconds:
            self._hang(passed % _HANG_EVERY)
            if passed >= look_at:
                self._run.looks.append(self._look(passed))
                look_at += _LOOK_SECONDS
            time.sleep(0.5)
        self._hang(0)
        self._run.looks.append(self._look(seconds))
        self._take(self._prometheus, seconds)
        return self._run

    def _hang(self, phase: float) -> None:
        is_due = _HANG_AFTER <= phase < _HANG_AFTER + _HANG_SECONDS
        hangs = self._run.hangs
        is_hung = bool(hangs) and hangs[-1][1] == float("inf")
        if is_due and not is_hung:
            self._agent.tell(f"hang {HANGS}")
            hangs.append((time.time(), float("inf")))
        elif is_hung and not is_due:
            self._agent.tell(f"release {HANGS}")
            hangs[-1] = hangs[-1][0], time.time()

    def _look(self, seconds: float) -> Look:
        agent, peer = usage_of(self._agent.pid), usage_of(self._peer.pid)
        return Look(
            round(seconds, 1),
            round(agent.rss_mib, 3),
            agent.cpu_seconds,
            _fake_cpu_seconds(self._agent),
            agent.threads,
            agent.open_files,
            self._clients[AGENT].series,
            len(self._clients[AGENT].page),
            round(peer.rss_mib, 3),
            peer.cpu_seconds,
            _fake_cpu_seconds(self._peer),
            self._clients[PEER].series,
        )

    def _take(self, server: Prometheus, seconds: float) -> None:
        run = self._run
        span = f"{round(seconds)}s"
        for name, client in self._clients.items():
            run.by_client[name] = client.scrapes
            found = server.values(f'scrape_duration_seconds{{job="{name}"}}[{span}]')
            run.by_prometheus[name] = [pair for _, pairs in found for pair in pairs]
        ups = [value for _, pairs in server.values(f'up{{job="{AGENT}"}}[{span}]') for _, value in pairs]
        run.failed_scrapes = self._clients[AGENT].failures + ups.count(0)
        for labels, pairs in server.values(f"count_over_time(gpuyield_accelerator_busy_ratio[{span}])"):
            name = labels["uuid"] if labels["uuid"] in UUIDS else "neuron"
            run.seen[name] = int(pairs[0][1])


def _fake_cpu_seconds(one: Child) -> float:
    one.tell("tell")
    return round(float(one.answer()), 3)


def _fake_mib(folder: Path) -> float:
    """Resident memory of a process that only has the simulated library, less that of one that has nothing."""
    found = []
    for code in (
        "",
        "import time; from benchmarks.node_agent.machine import simulated; held = simulated(time.time(), True)",
    ):
        command = [sys.executable, "-c", f"import sys\n{code}\nprint('ready', flush=True)\nsys.stdin.read()"]
        with child(command, folder / "fake.log") as one:
            one.answer()
            found.append(usage_of(one.pid).rss_mib)
    return found[1] - found[0]


def write_csv(looks: Sequence[Look], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        names = [one.name for one in fields(Look)]
        writer.writerow(names)
        writer.writerows([getattr(look, name) for name in names] for look in looks)
