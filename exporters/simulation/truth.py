"""What every device truly was in every second: the states of the ledger, derived from the story and not from any page.

States are painted over one another, the weakest first; the last coat is evidence of work, which outranks all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exporters.simulation.steps import Span
from exporters.simulation.story import Node, Pod, Slot


@dataclass(frozen=True, slots=True)
class TruthSpell:
    """One state of one device, or of one share of it, from `start` until `end`.

    `device` is the UUID; a share adds `/gi<id>` (MIG instance), `/spare` (MIG slices without an instance) or `::<n>`
    (time-slicing replica). `share` is its part of the device, and `dollars_per_hour` the price of that part. The holder
    is named whatever the state; empty where nobody holds it.
    """

    start: float
    end: float
    node: str
    device: str
    share: float
    namespace: str
    pod: str
    workload: str
    model: str
    state: str
    dollars_per_hour: float

    @property
    def dollars(self) -> float:
        return self.dollars_per_hour * (self.end - self.start) / 3600


@dataclass(frozen=True, slots=True)
class _Coat:
    span: Span
    state: str


def node_truth(node: Node, pods: Sequence[Pod], active: Mapping[str, Sequence[Span]], window: Span) -> list[TruthSpell]:
    """The spells of all devices of a node inside the window; `active` says by pod when it worked."""
    paid = Span(node.created, node.gone).within(window)
    if paid is None:
        return []
    spells: list[TruthSpell] = []
    for index, slot in enumerate(node.slots):
        holders = [pod for pod in pods if index in pod.holds]
        spells.extend(_slot_truth(node, slot, holders, active, paid))
    return spells


def worked(pod: Pod) -> list[Span]:
    """When a pod without an engine page worked: its kernels ran in a container that was Ready."""
    lives = [life.serving for life in pod.lives if life.serving]
    return [part for piece in pod.work for life in lives if (part := piece.span.within(life))]


def _slot_truth(
    node: Node, slot: Slot, holders: Sequence[Pod], active: Mapping[str, Sequence[Span]], paid: Span
) -> Iterator[TruthSpell]:
    states = list(_coats(node, slot, holders, active))
    spans = [coat.span for coat in states]
    holds = [pod.held for pod in holders]
    edges = _edges([*spans, *holds], paid)
    top_state = _painted(edges, spans)
    holder = _painted(edges, holds)
    price = node.machine.dollars_per_hour / node.machine.cards * slot.share
    changes = np.flatnonzero((np.diff(top_state) != 0) | (np.diff(holder) != 0)) + 1
    starts = [0, *changes.tolist()]
    for first, after in zip(starts, [*starts[1:], len(edges) - 1], strict=True):
        pod = holders[holder[first]] if holder[first] >= 0 else None
        yield TruthSpell(
            start=float(edges[first]),
            end=float(edges[after]),
            node=node.name,
            device=node.slot_name(slot),
            share=slot.share,
            namespace=pod.namespace if pod else "",
            pod=pod.name if pod else "",
            workload=pod.workload if pod else "",
            model=pod.model.name if pod and pod.model else "",
            state=states[top_state[first]].state,
            dollars_per_hour=price,
        )


def _coats(node: Node, slot: Slot, holders: Sequence[Pod], active: Mapping[str, Sequence[Span]]) -> Iterator[_Coat]:
    yield _Coat(Span(node.created, node.gone), "free-fragmented" if slot.profile or slot.spare else "free")
    for pod in holders:
        yield from _held(pod)
    yield _Coat(Span(node.created, node.allocatable), "node-starting")
    yield _Coat(Span(node.cordoned, node.gone), "node-draining")
    for span in node.unready:
        yield _Coat(span, "node-unhealthy")
    for fault in node.faults:
        if fault.device == slot.device:
            yield _Coat(fault.span, "node-unhealthy")
    for pod in holders:
        for span in active[pod.key]:
            yield _Coat(span, "active")
    for pod in holders:
        if pod.model is None:  # no engine page: without the device's signals nothing tells work from idleness
            yield from (_Coat(part, "unknown") for part in _unseen(pod, node.exporter_down))


def _held(pod: Pod) -> Iterator[_Coat]:
    yield _Coat(pod.held, "held-starting")
    for life in pod.lives:
        if life.serving and (span := life.serving.within(pod.held)):
            yield _Coat(span, "held-idle")
    for life, following in zip(pod.lives, [*pod.lives[1:], None], strict=True):
        wait = Span(life.end, following.start if following else pod.held.end)
        if life.backs_off and (span := wait.within(pod.held)):
            yield _Coat(span, "held-failed")


def _unseen(pod: Pod, down: Iterable[Span]) -> Iterator[Span]:
    for outage in down:
        for life in pod.lives:
            if life.serving and (part := life.serving.within(outage)) and (held := part.within(pod.held)):
                yield held


def _edges(spans: Iterable[Span], paid: Span) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    inside = {edge for span in spans for edge in (span.start, span.end) if paid.start < edge < paid.end}
    return np.array([paid.start, *sorted(inside), paid.end])


def _painted(edges: np.ndarray[tuple[int], np.dtype[np.float64]], spans: Sequence[Span]) -> list[int]:
    """For each piece between two edges the last span that covers it; -1 where none does."""
    top = np.full(len(edges) - 1, -1, dtype=np.int64)
    for index, span in enumerate(spans):
        first, after = np.searchsorted(edges, (span.start, span.end))
        top[first:after] = index
    return list(top.tolist())
