"""Neuron devices in the words of every accelerator: up, busy, memory, errors, and who holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporters.canonical import device, neuron
from exporters.metric import Sample
from exporters.sources.neuron.cores import CoreFigures, Layout
from exporters.sources.neuron.place import Place
from exporters.sources.neuron.schema import Holder, Pods, Report, number_of
from exporters.sources.neuron.tallies import Tallies


def busy_samples(figures: CoreFigures, layout: Layout, place: Place, at: float) -> Iterator[Sample]:
    """Busy shares, the mean over a device's cores, and processes. A device with an unknown core has no share."""
    for number in range(layout.devices):
        cores = layout.cores_of(number)
        shares = [figures.busy[core] for core in cores if core in figures.busy]
        if shares and len(shares) == len(cores):
            yield device.busy_ratio.sample(sum(shares) / len(shares), at, uuid=place.uuid(number), mig="")
        if figures.processes is not None:
            holders = max(figures.processes.get(core, 0) for core in cores)
            yield device.processes.sample(holders, at, uuid=place.uuid(number), mig="")


def memory_samples(
    report: Report, figures: CoreFigures, layout: Layout, total_bytes: float | None, place: Place, at: float
) -> Iterator[Sample]:
    """Memory used and there; used is left out where some process does not tell which device it uses."""
    for number in range(layout.devices):
        if total_bytes:
            yield device.memory_total_bytes.sample(total_bytes, at, uuid=place.uuid(number), mig="")
        used = _used(report, figures, layout, number)
        if used is not None:
            yield device.memory_used_bytes.sample(used, at, uuid=place.uuid(number), mig="")


def _used(report: Report, figures: CoreFigures, layout: Layout, number: int) -> float | None:
    if figures.memory is not None:
        return sum(sum(figures.memory.get(core, {}).values()) for core in layout.cores_of(number))
    if layout.devices > 1 or report.runtimes is None:
        return None
    told = [one.memory.neuron_runtime_used_bytes if one.memory else None for one in report.runtimes]
    used = [one.neuron_device for one in told if one is not None and one.neuron_device is not None]
    return sum(used) if len(used) == len(told) else None


def error_samples(tallies: Tallies, layout: Layout, place: Place, at: float) -> Iterator[Sample]:
    """ECC errors as counters."""
    for number in range(layout.devices):
        yield from ecc_samples(tallies.ecc_of(number), place.uuid(number), at)


def ecc_samples(totals: Mapping[str, int], uuid: str, at: float) -> Iterator[Sample]:
    """ECC totals of one device by event, and its health: an uncorrected error calls for another machine."""
    for event, total in totals.items():
        yield neuron.ecc_events_total.sample(total, at, uuid=uuid, event=event)
    for severity in ("corrected", "uncorrected"):
        found = [total for event, total in totals.items() if event.endswith(f"_ecc_{severity}")]
        if found:
            yield device.ecc_errors_total.sample(sum(found), at, uuid=uuid, severity=severity)
    uncorrected = [total for event, total in totals.items() if event.endswith("_ecc_uncorrected")]
    if uncorrected:
        yield device.healthy.sample(not any(uncorrected), at, uuid=uuid)


def up_samples(report: Report, layout: Layout, place: Place, at: float) -> Iterator[Sample]:
    """1 for each device that is there; 0 for one whose counters are missing in a line that tells of others."""
    answering = {one.neuron_device_index for one in (report.ecc and report.ecc.neuron_devices) or ()}
    for number in range(layout.devices):
        yield device.accelerator_up.sample(not answering or number in answering, at, uuid=place.uuid(number))


def allocation_samples(pods: Pods | None, layout: Layout, place: Place, at: float) -> Iterator[Sample]:
    """What containers hold, where neuron-monitor was told to ask Kubernetes; its own words by device go first."""
    if pods is None:
        return
    held: dict[tuple[int, str, str, str], float] = {}
    by_device = pods.neurondevices_k8s_info
    for name, holder in (by_device or pods.neuroncores_k8s_info or {}).items():
        told = number_of(name)
        if told is None:
            continue
        number = told if by_device else layout.device_of(told)
        share = 1.0 if by_device else 1 / layout.cores_per_device
        containers = _containers(holder)
        for container in containers if number < layout.devices else ():
            key = (number, holder.namespace or "", holder.pod_name or "", container)
            held[key] = held.get(key, 0.0) + share / len(containers)
    for (number, namespace, pod, container), share in sorted(held.items()):
        owner = {"namespace": namespace, "pod": pod, "container": container}
        yield device.allocation.sample(min(share, 1.0), at, uuid=place.uuid(number), mig="", **owner)


def _containers(holder: Holder) -> list[str]:
    names = holder.container_name
    if not holder.pod_name:
        return []
    return [names or ""] if names is None or isinstance(names, str) else (names or [""])
