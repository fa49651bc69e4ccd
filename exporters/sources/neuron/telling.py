"""Turns lines into samples; keeps what a later line may leave out."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.canonical import neuron, nodes
from exporters.metric import Sample
from exporters.sources.neuron.cores import Layout, core_figures, core_samples
from exporters.sources.neuron.devices import (
    allocation_samples,
    busy_samples,
    error_samples,
    memory_samples,
    up_samples,
)
from exporters.sources.neuron.place import Place, chip_of
from exporters.sources.neuron.processes import execution_samples, process_samples
from exporters.sources.neuron.schema import Hardware, Instance, Report
from exporters.sources.neuron.tallies import Tallies


class Telling:
    """The memory of one node: its hardware, its name, and its counters. Used by one thread."""

    def __init__(self, node: str, instance_id: str) -> None:
        self._node = node
        self._instance_id = instance_id
        self._place: Place | None = None
        self._hardware: Hardware | None = None
        self._visible = 0  # devices in the last line that told of them
        self._instance = Instance()
        self._tallies = Tallies()

    def samples(self, report: Report, at: float) -> tuple[Sample, ...] | None:
        """What the line says; None while no line has said what the hardware is, () where there is none."""
        self._learn(report)
        self._tallies.add(report)
        hardware = self._hardware
        if hardware is None:
            return None
        if hardware.neuron_device_count <= 0 or hardware.neuroncore_per_device_count <= 0:
            return ()
        layout = Layout(hardware.neuron_device_count, hardware.neuroncore_per_device_count)
        return tuple(self._all(report, hardware, layout, at))

    def _learn(self, report: Report) -> None:
        told = report.instance
        if told is not None and (told.instance_id or told.instance_type):
            self._instance = told
        if report.hardware is not None:
            known = self._hardware
            self._visible = report.hardware.neuron_device_count
            # Devices that fall off are missed, not forgotten.
            if known is None or report.hardware.neuron_device_count >= known.neuron_device_count:
                self._hardware = report.hardware
        if self._place is None and self._hardware is not None:
            # Settled once: a name that changes when the metadata service answers late would be two devices.
            machine = self._instance_id or self._instance.instance_id or self._node
            self._place = Place(self._node or machine, machine)

    def _all(self, report: Report, hardware: Hardware, layout: Layout, at: float) -> Iterator[Sample]:
        place = self._place
        assert place is not None
        figures = core_figures(report, layout)
        yield from self._identity(hardware, layout, place, at)
        yield from up_samples(report, layout, place, at)
        yield from busy_samples(figures, layout, place, at)
        yield from memory_samples(report, figures, layout, hardware.neuron_device_memory_size, place, at)
        yield from error_samples(self._tallies, layout, place, at)
        yield from allocation_samples(report.pods, layout, place, at)
        yield from core_samples(figures, layout, place, at)
        for core, total in sorted(self._tallies.flops.items()):
            if core in layout.cores:
                uuid = place.uuid(layout.device_of(core))
                yield neuron.core_flops_total.sample(total, at, uuid=uuid, core=str(core))
        yield from execution_samples(self._tallies, place.node, at)
        if report.runtimes is not None:
            yield from process_samples(report.runtimes, place.node, at)

    def _identity(self, hardware: Hardware, layout: Layout, place: Place, at: float) -> Iterator[Sample]:
        instance_type = self._instance.instance_type or ""
        model = chip_of(hardware.neuron_device_type or "", instance_type)
        for number in range(layout.devices):
            yield place.info(number, model, at)
        yield neuron.neuron_info.sample(
            1,
            at,
            node=place.node,
            instance_id=self._instance_id or self._instance.instance_id or "",
            instance_type=instance_type,
            core_version=hardware.neuroncore_version or "",
            cores_per_device=str(layout.cores_per_device),
            logical_cores=str(hardware.logical_neuroncore_config or ""),
        )
        yield nodes.accelerators.sample(self._visible, at, node=place.node, state="visible")
        if instance_type:
            yield _machine(self._instance, place.node, at)


def _machine(instance: Instance, node: str, at: float) -> Sample:
    empty = dict.fromkeys(("capacity_type", "nodepool", "instance", "exporter_namespace", "exporter_pod"), "")
    return nodes.machine_info.sample(
        1,
        at,
        node=node,
        instance_type=instance.instance_type or "",
        region=instance.instance_region or "",
        zone=instance.instance_availability_zone or "",
        **empty,
    )
