"""`gpuyield demo --live`: real agents on simulated nodes, scraped for some minutes, and the report of what was seen."""

from __future__ import annotations

import io
import ssl
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.agent.log import Level, Log, LogFormat
from exporters.agent.settings import Address
from exporters.kubelet.grpc_library import grpc_library
from exporters.recording.access import Access
from exporters.recording.keeper import Keeper
from exporters.recording.recorder import record
from exporters.recording.screen import Screen
from exporters.recording.status import Status
from exporters.simulation.fleet import Fleet
from exporters.source import GpuyieldError
from exporters.stopping import stop_signals

if TYPE_CHECKING:
    from exporters.simulation.live import LiveFleet

INTERVAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What was scraped: the fleet, its truth cut to that time, and how much it was."""

    fleet: Fleet
    samples: int


def make_fleet(seed: int, seconds: float) -> Fleet:
    """The fleet that lives from now on."""
    try:
        grpc_library()  # the kubelets need it later
        from exporters.simulation.live import live_fleet
    except ImportError as error:
        raise GpuyieldError(f"--live needs the agent of a node: install gpuyield[node] ({error})") from error
    return live_fleet(seed, time.time(), seconds, INTERVAL_SECONDS)


def watch(fleet: Fleet, store: Path, seconds: float, listen: Address) -> Seen:
    """Runs the fleet and records it for `seconds`, or until Ctrl-C."""
    from exporters.simulation.live import LiveFleet

    screen = Screen(sys.stderr, "gpuyield demo: ")
    with tempfile.TemporaryDirectory(prefix="gpuyield-") as folder, stop_signals() as received:
        log = Log(io.StringIO(), LogFormat.LOGFMT, Level.ERROR, time)  # the pages tell all that the agents notice
        with LiveFleet(fleet, Path(folder), listen, INTERVAL_SECONDS, log) as live:
            _introduce(live, screen, seconds)
            return _record(fleet, live, store, seconds, screen, received)


def _introduce(live: LiveFleet, screen: Screen, seconds: float) -> None:
    agents, pages = list(live.agent_urls().items()), list(live.page_urls().items())
    screen.say(f"{len(agents)} agents and {len(pages)} other pages are served; look at")
    for name, url in (agents[0], agents[len(agents) // 2], agents[-1], pages[0], pages[-2]):
        screen.say(f"  {url}    {name}")
    screen.say(f"all are scraped every {INTERVAL_SECONDS:g} s for {seconds:g} s; Ctrl-C ends it with the report")


def _record(fleet: Fleet, live: LiveFleet, store: Path, seconds: float, screen: Screen, received: list[int]) -> Seen:
    targets = live.targets()
    keeper, status = Keeper(store, screen.say), Status(screen.say)
    access = Access(INTERVAL_SECONDS, ssl.create_default_context())
    began = time.time() + INTERVAL_SECONDS  # in the first interval each page is scraped for the first time
    end = time.monotonic() + seconds

    def tick() -> None:
        live.tend()
        left = max(0.0, end - time.monotonic())
        screen.show(f"{status.targets_up} of {len(targets)} pages up, {status.scrapes:,} scrapes; {left:.0f} s to go")

    try:
        record(
            targets,
            access.fetcher,
            keeper,
            status,
            is_over=lambda: bool(received) or time.monotonic() >= end,
            is_urgent=lambda: len(received) > 1,
            tick=tick,
        )
    finally:
        screen.show("")
    ended = time.time()
    if ended <= began:
        raise GpuyieldError("it ended before every page had been scraped once: there is nothing to report yet")
    return Seen(_cut(fleet, began, ended), keeper.samples_written)


def _cut(fleet: Fleet, start: float, end: float) -> Fleet:
    truth = [
        replace(spell, start=max(spell.start, start), end=min(spell.end, end))
        for spell in fleet.truth
        if spell.start < end and spell.end > start
    ]
    return replace(fleet, start=start, end=end, truth=truth)
