"""The simulated fleet at real speed, over real HTTP: an agent for each accelerator node, and the pages of the rest."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from exporters.agent.log import Log
from exporters.agent.settings import Address
from exporters.recording import targets
from exporters.simulation.casting import Casting
from exporters.simulation.fleet import Fleet, Scraping, agent_labels, fleet_of
from exporters.simulation.live_node import LiveNode
from exporters.simulation.neuron_pool import pretraining
from exporters.simulation.node_agent import AgentPage
from exporters.simulation.page_server import PageServer
from exporters.simulation.steps import Span
from exporters.simulation.story import Pod
from exporters.simulation.target import Target
from exporters.simulation.week import week

# Day 2, 16:39:20: a minute later a card falls off the bus.
MOMENT_SECONDS = (2 * 24 + 16) * 3600.0 + 39 * 60 + 20
_TEND_SECONDS = 1.0
_SPARE_SECONDS = 600.0  # the story goes on for those who look at the pages for longer


def live_fleet(seed: int, now: float, seconds: float, interval_seconds: float) -> Fleet:
    """The demo week and a Trainium node, so that the moment is now; always at the hour of most traffic."""
    return _fleet(seed, now, Span(0.0, seconds + _SPARE_SECONDS), interval_seconds)


def fleet_before(seed: int, now: float, seconds: float, interval_seconds: float) -> Fleet:
    """The live fleet as it was for so long until now: for a history that the live pages carry on."""
    return _fleet(seed, now, Span(-seconds, 0.0), interval_seconds)


def _fleet(seed: int, now: float, scraped: Span, interval_seconds: float) -> Fleet:
    start = math.floor(now)
    cast = Casting(seed, start - MOMENT_SECONDS)
    scenes = [(node, [_at_peak(pod) for pod in pods]) for node, pods in week(cast)]
    window = Span(start + scraped.start, start + scraped.end)
    scraping = Scraping(window, seed, interval_seconds, lost_ratio=0.0)
    return fleet_of([*scenes, pretraining(cast)], scraping, has_agents=True)


def _at_peak(pod: Pod) -> Pod:
    return replace(pod, demand=replace(pod.demand, nights=1.0, weekends=1.0))


class LiveFleet:
    """Runs while it is entered. Pages are served at `listen`, agents at the ports after it; port 0: any free ones."""

    def __init__(self, fleet: Fleet, folder: Path, listen: Address, interval_seconds: float, log: Log) -> None:
        self._fleet, self._interval_seconds = fleet, interval_seconds
        others = {_path(target): target for target in fleet.targets if not isinstance(target.page, AgentPage)}
        self._others: Mapping[str, Target] = others
        self._server = PageServer(listen, {path: target.page for path, target in others.items()})
        machines = {page.cards.node.name: page.machine for page in _agent_pages(fleet)}
        self.nodes = []
        for number, node in enumerate((node for node in fleet.nodes if node.machine.cards), 1):
            port = listen.port + number if listen.port else 0
            own = folder / str(number)
            own.mkdir()
            pods = [pod for pod in fleet.pods if pod.node == node.name]
            address = Address(listen.host, port)
            self.nodes.append(LiveNode(node, pods, machines.get(node.name), own, address, interval_seconds, log))
        self._tended = time.monotonic()

    def __enter__(self) -> LiveFleet:
        self._server.start()
        for node in self.nodes:
            node.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ThreadPoolExecutor(len(self.nodes)) as pool:  # each takes up to a second
            list(pool.map(LiveNode.stop, self.nodes))
        self._server.stop()

    def tend(self) -> None:
        """To be called several times a second."""
        if time.monotonic() - self._tended >= _TEND_SECONDS:
            self._tended = time.monotonic()
            for node in self.nodes:
                node.tend()

    def agent_urls(self) -> dict[str, str]:
        """By node and what it is."""
        return {f"{one.node.name}, {one.node.machine.name}": f"{one.agent.url}/metrics" for one in self.nodes}

    def page_urls(self) -> dict[str, str]:
        """By what serves it in the story."""
        return {path.removesuffix("/metrics").lstrip("/"): self._server.url(path) for path in self._others}

    def targets(self) -> list[targets.Target]:
        """All pages, with the labels that a Prometheus in the cluster would attach."""
        seconds = self._interval_seconds
        agents = [
            targets.make_target(f"{one.agent.url}/metrics", agent_labels(self._fleet.seed, one.node), seconds)
            for one in self.nodes
        ]
        return agents + [
            targets.make_target(self._server.url(path), dict(target.labels), seconds)
            for path, target in self._others.items()
        ]


def _agent_pages(fleet: Fleet) -> list[AgentPage]:
    return [page for target in fleet.targets if isinstance(page := target.page, AgentPage)]


def _path(target: Target) -> str:
    labels = dict(target.labels)
    place = f"{labels['namespace']}/{labels['pod']}" if "pod" in labels else labels["job"]
    return f"/{place}/metrics"
