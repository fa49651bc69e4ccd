"""The page of a DCGM exporter: it shows its last finished collection, in which ratios are averages over 30 seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from exporters.simulation.machines import Card
from exporters.simulation.steps import FOREVER, Floats, Span, Steps
from exporters.simulation.story import Node, Pod, Slot

COLLECTION_SECONDS = 30.0
FALLEN_OFF_THE_BUS = 79.0  # the Xid that marks a lost device
_DRIVER = "580.95.05"
_EXPORTER_START = 8.0  # seconds after the node offers its accelerators
_NOISE = 4096

_FAMILIES = (
    ("DCGM_FI_DEV_GPU_UTIL", "gauge", "%.0f"),
    ("DCGM_FI_DEV_POWER_USAGE", "gauge", "%.6f"),
    ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "%.0f"),
    ("DCGM_FI_DEV_XID_ERRORS", "gauge", "%.0f"),
    ("DCGM_FI_DEV_FB_FREE", "gauge", "%.0f"),
    ("DCGM_FI_DEV_FB_USED", "gauge", "%.0f"),
    ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "%.6f"),
    ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "%.6f"),
    ("DCGM_FI_PROF_DRAM_ACTIVE", "gauge", "%.6f"),
)
_NOT_ON_MIG = "DCGM_FI_DEV_GPU_UTIL"
_ON_LOST = "DCGM_FI_DEV_XID_ERRORS"


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """What DCGM reports on as one: a device, or a MIG instance of it."""

    slots: tuple[Slot, ...]
    holders: tuple[tuple[Slot, Pod], ...]
    labels: str
    memory_mib: int
    activity: Steps
    tensor: Steps  # engine activity times the holder's tensor share
    dram: Steps
    used_mib: Steps
    xid: Steps
    device: int


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    text: bytes
    columns: npt.NDArray[np.intp]  # which number stands at each place: row * families + family


@dataclass(frozen=True, slots=True, eq=False)
class CardPage:
    """The exporter of one node. Build it with `card_page`."""

    node: Node
    card: Card
    rows: tuple[_Row, ...]
    whole: tuple[Steps, ...]  # activity of each physical device, for power and energy
    changes: Floats  # when labels change: a holder comes or goes, a device is lost or back
    boots: Floats
    phase: float
    noise: Floats

    def answers(self, times: Floats) -> npt.NDArray[np.bool_]:
        answered = times >= self.node.allocatable + _EXPORTER_START
        for span in (*self.node.unready, *self.node.exporter_down):
            answered &= (times < span.start) | (times >= span.end)
        return answered

    def texts(self, times: Floats) -> Iterator[bytes]:
        if not len(times):
            return
        numbers = self._numbers(times)
        epochs = np.searchsorted(self.changes, times, side="right")
        borders = [0, *(np.flatnonzero(np.diff(epochs)) + 1).tolist(), len(times)]
        for first, after in pairwise(borders):
            template = self._template(float(times[first]))
            for row in numbers[first:after, template.columns].tolist():
                yield template.text % tuple(row)

    def _numbers(self, times: Floats) -> Floats:
        """One line per scrape: for each row its families, in their order."""
        index = np.floor((times - self.phase) / COLLECTION_SECONDS)
        seen = index * COLLECTION_SECONDS + self.phase
        born = self.boots[np.searchsorted(self.boots, times, side="right") - 1]
        columns: list[Floats] = []
        for number, row in enumerate(self.rows):
            noise = self.noise[(index.astype(np.intp) * 7 + number * 611) % _NOISE]
            watts, joules = self._energy(self.whole[row.device], seen, born)
            active = np.clip(row.activity.mean(seen, COLLECTION_SECONDS) * noise, 0, 1)
            used = np.floor(row.used_mib.at(seen))
            columns += [np.ceil(np.minimum(100, active * 108)), watts * noise, np.floor(joules * 1000)]
            columns += [row.xid.at(times), row.memory_mib - used, used, active]
            columns += [np.clip(row.tensor.mean(seen, COLLECTION_SECONDS) * noise, 0, 1)]
            columns += [np.clip(row.dram.mean(seen, COLLECTION_SECONDS) * noise, 0, 1)]
        return np.array(columns).T

    def _energy(self, activity: Steps, seen: Floats, born: Floats) -> tuple[Floats, Floats]:
        """Watts at the collection, and joules since the driver was loaded."""
        swing = (self.card.full_watts - self.card.idle_watts) * 0.85
        watts = self.card.idle_watts + swing * activity.mean(seen, COLLECTION_SECONDS)
        since = np.maximum(seen, born)
        joules = self.card.idle_watts * (since - born) + swing * (activity.area(since) - activity.area(born))
        return watts, joules

    def _template(self, at: float) -> _Template:
        lines: list[str] = []
        columns: list[int] = []
        labelled = [[row.labels + holder for holder in _holder_labels(row, at)] for row in self.rows]
        lost = [any(f.device == row.device and f.span.holds(at) for f in self.node.faults) for row in self.rows]
        for family, (name, kind, form) in enumerate(_FAMILIES):
            if name == _NOT_ON_MIG and self.node.mig:
                continue
            lines.append(f"# TYPE {name} {kind}")
            for number, texts in enumerate(labelled):
                if lost[number] and name != _ON_LOST:
                    continue
                lines += [f"{name}{{{text}}} {form}" for text in texts]
                columns += [number * len(_FAMILIES) + family] * len(texts)
        return _Template("\n".join([*lines, ""]).encode(), np.array(columns, dtype=np.intp))


def card_page(node: Node, card: Card, pods: Sequence[Pod], activity: Mapping[str, Steps], seed: int) -> CardPage:
    """`activity` is each pod's engine activity on each slot that it holds."""
    rows = tuple(_rows(node, card, pods, activity))
    holds = [edge for pod in pods for edge in (pod.held.start, pod.held.end)]
    faults = [edge for fault in node.faults for edge in (fault.span.start, fault.span.end)]
    rng = np.random.default_rng(seed)
    return CardPage(
        node=node,
        card=card,
        rows=rows,
        whole=tuple(_whole(rows, device) for device in range(node.machine.cards)),
        changes=np.array(sorted({edge for edge in (*holds, *faults) if edge < FOREVER})),
        boots=np.array([node.created, *(span.end for span in node.unready)]),
        phase=rng.uniform(0, COLLECTION_SECONDS),
        noise=np.clip(rng.normal(1, 0.04, _NOISE), 0.85, 1.15),
    )


def _whole(rows: Sequence[_Row], device: int) -> Steps:
    """Engine activity of a physical device: its rows', each by the share of the device that it is."""
    return Steps.total([_scaled(row.activity, _share(row.slots)) for row in rows if row.device == device])


def _rows(node: Node, card: Card, pods: Sequence[Pod], activity: Mapping[str, Steps]) -> Iterator[_Row]:
    for device, identifier in enumerate(node.uuids):
        slots = [slot for slot in node.slots if slot.device == device and not slot.spare]
        groups = [(slot,) for slot in slots] if node.mig else [tuple(slots)]
        for group in groups:
            holders = tuple((slot, pod) for slot in group for pod in pods if node.slots.index(slot) in pod.holds)
            memory = int(card.memory_mib * _share(group))
            yield _Row(
                slots=group,
                holders=holders,
                labels=_device_labels(node, card, device, identifier, group[0]),
                memory_mib=memory,
                activity=_capped([activity[pod.key] for _, pod in holders]),
                tensor=_capped([_scaled(activity[pod.key], pod.tensor_ratio) for _, pod in holders]),
                dram=_capped([_scaled(activity[pod.key], pod.dram_ratio) for _, pod in holders]),
                used_mib=Steps.total([_loaded(pod, memory * slot.share / _share(group)) for slot, pod in holders]),
                xid=Steps.spans(
                    (f.span.start, f.span.end, FALLEN_OFF_THE_BUS) for f in node.faults if f.device == device
                ),
                device=device,
            )


def _share(group: Sequence[Slot]) -> float:
    return sum(slot.share for slot in group)


def _capped(parts: Sequence[Steps]) -> Steps:
    total = Steps.total(parts)
    return Steps.of(total.times[1:], np.minimum(total.levels[1:], 1.0))


def _scaled(steps: Steps, ratio: float) -> Steps:
    return Steps.of(steps.times[1:], steps.levels[1:] * ratio)


def _loaded(pod: Pod, memory_mib: float) -> Steps:
    """Memory is taken when the weights are loaded, half way to Ready, and given back when the process ends."""
    pieces = []
    for life in pod.lives:
        loaded = life.start + (life.ready - life.start) / 2
        span = Span(loaded, life.end).within(pod.held)
        if span is not None:
            pieces.append((span.start, span.end, memory_mib * pod.memory_ratio))
    return Steps.spans(pieces)


def _device_labels(node: Node, card: Card, device: int, identifier: str, slot: Slot) -> str:
    mig = f'GPU_I_PROFILE="{slot.profile}",GPU_I_ID="{slot.instance}",' if slot.profile else ""
    return (
        f'gpu="{device}",UUID="{identifier}",pci_bus_id="00000000:{0x10 + device:02X}:1C.0",device="nvidia{device}",'
        f'modelName="{card.name}",{mig}Hostname="{node.name}",DCGM_FI_DRIVER_VERSION="{_DRIVER}"'
    )


def _holder_labels(row: _Row, at: float) -> list[str]:
    """A row once for each pod that holds it now (`--kubernetes-virtual-gpus`), or once without a pod."""
    texts = []
    for slot, pod in row.holders:
        if pod.held.holds(at):
            vgpu = f',vgpu="{slot.replica}"' if slot.replica else ""
            texts.append(f',container="{pod.container}",namespace="{pod.namespace}",pod="{pod.name}"{vgpu}')
    return texts or [""]
