"""The cards of a node as its driver has them: what a DCGM page tells of them, told to the simulated NVML instead."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from exporters.simulation.cards import FALLEN_OFF_THE_BUS, CardPage
from exporters.simulation.machines import Card
from exporters.simulation.nvml import cards
from exporters.simulation.nvml.cards import ADA, BLACKWELL, Model
from exporters.simulation.nvml.machine import Gpu, Machine, Slice, Xid
from exporters.simulation.nvml.work import Work
from exporters.simulation.steps import Span, Steps
from exporters.simulation.story import Pod, Slot

_SM_PER_BUSY = 0.9  # multiprocessors with work on them, per busy device
_FULL_LOAD = 0.85  # of the power between idle and limit, at full activity

# What the story's price list does not say of a card: architecture, reserved memory in MiB, clocks in MHz.
_MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.name: model
        for model in (
            cards.H100,
            cards.A100,
            cards.A10G,
            Model("NVIDIA L40S", ADA, 46068, 587, 34, 350, 2520, 9001),
            Model("NVIDIA L4", ADA, 23034, 431, 13, 72, 2040, 6251),
            Model(
                "NVIDIA RTX PRO 6000 Blackwell Server Edition",
                BLACKWELL,
                97887,
                637,
                36,
                600,
                2430,
                12481,
                has_mig=True,
            ),
        )
    }
)


def machine_of(page: CardPage) -> Machine:
    """The cards that the page tells of: the same names, work, memory, power, faults and MIG instances."""
    node = page.node
    model = _model(page.card)
    return Machine(
        gpus=tuple(_gpu(page, device, model) for device in range(node.machine.cards)),
        booted=node.created,
        unloaded=node.unready,
    )


def mig_uuid(device_uuid: str, slot: Slot) -> str:
    """What the driver calls a MIG instance."""
    return f"MIG-{uuid.uuid5(uuid.NAMESPACE_OID, device_uuid + slot.suffix)}"


def _model(card: Card) -> Model:
    full_watts = card.idle_watts + _FULL_LOAD * (card.full_watts - card.idle_watts)
    return replace(_MODELS[card.name], idle_watts=card.idle_watts, full_watts=full_watts)


def _gpu(page: CardPage, device: int, model: Model) -> Gpu:
    node = page.node
    rows = [row for row in page.rows if row.device == device]
    works = {row.slots[0]: _work(row.activity, row.tensor, row.dram, row.used_mib, row.holders) for row in rows}
    slices = tuple(_slice(node.uuids[device], slot, model, work) for slot, work in works.items() if slot.profile)
    faults = [fault.span for fault in node.faults if fault.device == device]
    whole = Work(busy=page.whole[device]) if slices else next(iter(works.values()))
    return Gpu(
        uuid=node.uuids[device],
        model=model,
        work=whole,
        slices=slices,
        has_mig=node.mig,
        lost=tuple(faults),
        faults=tuple(Xid(span.start, int(FALLEN_OFF_THE_BUS)) for span in faults),
    )


def _slice(device_uuid: str, slot: Slot, model: Model, work: Work) -> Slice:
    return Slice(
        uuid=mig_uuid(device_uuid, slot),
        instance=int(slot.instance),
        profile=slot.profile,
        compute_slices=int(slot.profile.partition("g")[0]),
        memory_mib=int(model.memory_mib * slot.share),
        work=work,
    )


def _work(busy: Steps, tensor: Steps, dram: Steps, used_mib: Steps, holders: Sequence[tuple[Slot, Pod]]) -> Work:
    processes = [Steps.spans((span.start, span.end, 1.0) for span in _running(pod)) for _, pod in holders]
    return Work(
        busy=busy,
        sm=_scaled(busy, _SM_PER_BUSY),
        tensor=tensor,
        dram=dram,
        used_bytes=_scaled(used_mib, 2**20),
        processes=Steps.total(processes),
    )


def _running(pod: Pod) -> Iterator[Span]:
    for life in pod.lives:
        if (span := Span(life.start, life.end).within(pod.held)) is not None:
            yield span


def _scaled(steps: Steps, factor: float) -> Steps:
    return Steps.of(steps.times[1:], steps.levels[1:] * factor)
