"""What neuron-monitor tells of processes: how executions end, how long they take, what memory and CPU they use."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.canonical import neuron
from exporters.metric import Sample
from exporters.sources.neuron.schema import Runtime
from exporters.sources.neuron.tallies import Tallies


def execution_samples(tallies: Tallies, node: str, at: float) -> Iterator[Sample]:
    """Counters of the node: they outlive the processes that they count."""
    for status, total in sorted(tallies.executions.items()):
        yield neuron.executions_total.sample(total, at, node=node, status=status)
    for kind, total in sorted(tallies.errors.items()):
        yield neuron.execution_errors_total.sample(total, at, node=node, kind=kind)


def process_samples(runtimes: list[Runtime], node: str, at: float) -> Iterator[Sample]:
    """Gauges of each process; two of one tag cannot be told apart, so the first speaks."""
    yield neuron.runtimes.sample(len(runtimes), at, node=node)
    by_tag: dict[str, Runtime] = {}
    for runtime in runtimes:
        by_tag.setdefault(runtime.tag, runtime)
    for tag, runtime in by_tag.items():
        if tag:
            yield from _latency(runtime, node, at)
            yield from _host(runtime, node, at)


def _latency(runtime: Runtime, node: str, at: float) -> Iterator[Sample]:
    stats = runtime.execution and runtime.execution.latency_stats
    if not stats:
        return
    for span, latency in (("total", stats.total_latency), ("device", stats.device_latency)):
        for percentile, seconds in (latency or {}).items():
            if seconds is not None and seconds >= 0:
                labels = {"node": node, "runtime": runtime.tag, "span": span, "percentile": percentile}
                yield neuron.execution_latency_seconds.sample(seconds, at, **labels)


def _host(runtime: Runtime, node: str, at: float) -> Iterator[Sample]:
    used = runtime.memory and runtime.memory.neuron_runtime_used_bytes
    breakdown = used and used.usage_breakdown
    for kind, amount in ((breakdown and breakdown.host) or {}).items():
        yield neuron.runtime_host_memory_bytes.sample(amount, at, node=node, runtime=runtime.tag, kind=kind)
    for mode, percent in ((runtime.cpu and runtime.cpu.vcpu_usage) or {}).items():
        if percent >= 0:
            yield neuron.runtime_cpu_ratio.sample(percent / 100, at, node=node, runtime=runtime.tag, mode=mode)
