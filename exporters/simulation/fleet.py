"""The simulated fleet as a whole: its truth, and the targets that tell of it.

All of it follows from the seed, the start and the length, so another process gets the same fleet by making it anew
(or by pickling it), and may then render other targets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from exporters.agent.settings import DEFAULT_PORT
from exporters.simulation.cards import CardPage, card_page
from exporters.simulation.casting import Casting
from exporters.simulation.cluster import cluster_page
from exporters.simulation.karpenter import karpenter_page
from exporters.simulation.scene import Scene
from exporters.simulation.servers import ServerPage, Tokens
from exporters.simulation.steps import Span, Steps
from exporters.simulation.story import Node, Pod, identity
from exporters.simulation.target import Page, Target
from exporters.simulation.traffic import Traffic, traffic
from exporters.simulation.truth import TruthSpell, node_truth, worked
from exporters.simulation.week import week

DEMO_START = 1793577600.0  # Monday 2 November 2026, 00:00 UTC
_STATE_METRICS_SECONDS = 60.0
_KARPENTER_SECONDS = 300.0
_HISTORY_SECONDS = 3600.0  # how long before the window the servers' traffic begins
_IDLE_ACTIVITY = 0.015  # CUDA polling of a server without requests
_LOADING_ACTIVITY = 0.03


@dataclass(frozen=True, slots=True)
class Fleet:
    """`truth` covers, for each device or share, its paid lifetime within [start, end) exactly.

    `tokens` are true totals by (namespace, model) within the same window.
    """

    start: float
    end: float
    seed: int
    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    truth: list[TruthSpell]
    tokens: dict[tuple[str, str], Tokens]
    targets: list[Target]


@dataclass(frozen=True, slots=True)
class Scraping:
    """How the pages are fetched."""

    window: Span
    seed: int
    interval_seconds: float
    lost_ratio: float

    def target(
        self,
        labels: Mapping[str, str],
        known: Span,
        page: Page,
        *,
        interval_seconds: float | None = None,
        honor_labels: bool = False,
    ) -> Target:
        return Target(
            labels=tuple(sorted(labels.items())),
            honor_labels=honor_labels,
            interval_seconds=interval_seconds or self.interval_seconds,
            known=known,
            window=self.window,
            seed=self.seed,
            lost_ratio=self.lost_ratio,
            page=page,
        )


def demo_fleet(
    seed: int = 7,
    start: float = DEMO_START,
    days: float = 7.0,
    *,
    after_days: float = 0.0,
    interval_seconds: float = 60.0,
    lost_ratio: float = 0.02,
    has_agents: bool = False,
) -> Fleet:
    """The demo week from `start` (a midnight in UTC): `days` of it, the first `after_days` left out.

    `interval_seconds` is that of model servers and device exporters; `lost_ratio` of all scrapes fail. The device
    exporters are DCGM's, or with `has_agents` our own agents.
    """
    since = start + after_days * 86400
    scraping = Scraping(Span(since, since + days * 86400), seed, interval_seconds, lost_ratio)
    return fleet_of(week(Casting(seed, start)), scraping, has_agents=has_agents)


def fleet_of(scenes: Iterable[Scene], scraping: Scraping, *, has_agents: bool) -> Fleet:
    """What is there of these scenes while it is scraped."""
    window, seed = scraping.window, scraping.seed
    there = [(node, pods) for node, pods in scenes if _meets(node.created, node.gone, window)]
    nodes = tuple(node for node, _ in there)
    pods = tuple(pod for _, each in there for pod in each if _meets(pod.bound, pod.removed, window))
    history = Span(window.start - _HISTORY_SECONDS, window.end)
    flows = {pod.key: traffic(pod, pod.model, seed, history) for pod in pods if pod.model}
    servers = {
        pod.key: ServerPage(pod.model, flows[pod.key], pod.lives, window) for pod in pods if pod.model is not None
    }
    device_targets = _agent_targets if has_agents else _card_targets
    activity = {pod.key: _activity(pod, flows.get(pod.key)) for pod in pods}
    return Fleet(
        start=window.start,
        end=window.end,
        seed=seed,
        nodes=nodes,
        pods=pods,
        truth=_truth(nodes, pods, flows, window),
        tokens=_tokens(pods, servers),
        targets=[
            *device_targets(scraping, _card_pages(seed, nodes, pods, activity), pods),
            *(_server_target(scraping, pod, servers[pod.key]) for pod in pods if pod.key in servers),
            *_cluster_targets(scraping, nodes, pods),
        ],
    )


def _truth(nodes: Sequence[Node], pods: Sequence[Pod], flows: Mapping[str, Traffic], window: Span) -> list[TruthSpell]:
    active = {pod.key: flows[pod.key].active if pod.key in flows else worked(pod) for pod in pods}
    return [spell for node in nodes for spell in node_truth(node, _on(node, pods), active, window)]


def _tokens(pods: Sequence[Pod], servers: Mapping[str, ServerPage]) -> dict[tuple[str, str], Tokens]:
    totals: dict[tuple[str, str], Tokens] = defaultdict(lambda: Tokens(0, 0))
    for pod in pods:
        if pod.model is not None:
            key, more = (pod.namespace, pod.model.name), servers[pod.key].tokens()
            totals[key] = Tokens(totals[key].prompt + more.prompt, totals[key].generation + more.generation)
    return dict(totals)


def _on(node: Node, pods: Sequence[Pod]) -> list[Pod]:
    return [pod for pod in pods if pod.node == node.name]


def _activity(pod: Pod, flow: Traffic | None) -> Steps:
    """Engine activity on each device that the pod holds."""
    if pod.model is None or flow is None:
        spans = sorted((work.span.start, work.span.end, work.level) for work in pod.work)
        gates = Steps.spans((life.serving.start, life.serving.end, 1.0) for life in pod.lives if life.serving)
        asked = Steps.spans(spans)
        times = np.unique(np.concatenate((gates.times[1:], asked.times[1:])))
        return Steps.of(times, gates.at(times) * asked.at(times))
    polling = [piece for life in pod.lives if life.serving for piece in _polling(life.start, life.serving)]
    running = flow.running.levels[1:]
    level = np.where(running > 0, 0.2 + 0.7 * running / pod.model.full_requests, 0.0)
    return Steps.total([Steps.spans(polling), Steps.of(flow.running.times[1:], level)])


def _polling(start: float, serving: Span) -> list[tuple[float, float, float]]:
    loading = (start + serving.start) / 2
    return [(loading, serving.start, _LOADING_ACTIVITY), (serving.start, serving.end, _IDLE_ACTIVITY)]


def _meets(start: float, end: float, window: Span) -> bool:
    return Span(start, end).within(window) is not None


def _card_pages(
    seed: int, nodes: Sequence[Node], pods: Sequence[Pod], activity: Mapping[str, Steps]
) -> Iterator[CardPage]:
    for node in nodes:
        if node.machine.card is not None:
            own = crc32(f"{seed} {node.name}".encode())
            yield card_page(node, node.machine.card, _on(node, pods), activity, own)


def _card_targets(scraping: Scraping, pages: Iterable[CardPage], _pods: Sequence[Pod]) -> Iterator[Target]:
    for page in pages:
        labels = _device_labels(scraping.seed, page.node, "nvidia-dcgm-exporter", "gpu-operator", 9400)
        yield scraping.target(labels, Span(page.node.allocatable, page.node.gone), page)


def _agent_targets(scraping: Scraping, pages: Iterable[CardPage], pods: Sequence[Pod]) -> Iterator[Target]:
    from exporters.simulation.node_agent import agent_page  # needs gpuyield[node]

    for page in pages:
        own = agent_page(page, _on(page.node, pods), crc32(f"{scraping.seed} agent {page.node.name}".encode()))
        known = Span(page.node.allocatable, page.node.gone)
        yield scraping.target(agent_labels(scraping.seed, page.node), known, own)


def agent_labels(seed: int, node: Node) -> dict[str, str]:
    """What a Prometheus attaches to the page of the node's agent."""
    return _device_labels(seed, node, "gpuyield-node", "gpuyield", DEFAULT_PORT)


def _device_labels(seed: int, node: Node, name: str, namespace: str, port: int) -> dict[str, str]:
    suffix = identity(seed, name.removeprefix("nvidia-").removesuffix("-exporter"), node.name)[:5]
    return {
        "job": name,
        "instance": f"{node.address}:{port}",
        "namespace": namespace,
        "pod": f"{name}-{suffix}",
        "container": name,
    }


def _server_target(scraping: Scraping, pod: Pod, page: ServerPage) -> Target:
    labels = {
        "job": f"{pod.namespace}/vllm",
        "instance": f"{pod.address}:8000",
        "namespace": pod.namespace,
        "pod": pod.name,
        "container": pod.container,
        "endpoint": "http",
    }
    return scraping.target(labels, Span(pod.lives[0].start, pod.removed), page)


def _cluster_targets(scraping: Scraping, nodes: Sequence[Node], pods: Sequence[Pod]) -> list[Target]:
    return [
        scraping.target(
            {"job": "kube-state-metrics", "instance": "10.0.200.9:8080"},
            scraping.window,
            cluster_page(nodes, pods),
            interval_seconds=_STATE_METRICS_SECONDS,
            honor_labels=True,
        ),
        scraping.target(
            {"job": "karpenter", "instance": "10.0.200.14:8080", "namespace": "kube-system", "container": "controller"},
            scraping.window,
            karpenter_page(nodes, pods),
            interval_seconds=_KARPENTER_SECONDS,
        ),
    ]
