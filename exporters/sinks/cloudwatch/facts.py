"""What must be known of devices and pods to name them as CloudWatch's users do, read from the samples themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from exporters.canonical import device, neuron, pods
from exporters.metric import Sample
from exporters.sinks.cloudwatch.measure import Holder
from exporters.sinks.kind import Origin

# Kubernetes makes names from letters that spell no words: no vowels, no 0, 1 and 3.
_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
_OF_REPLICA_SET = re.compile(rf"(.+)-{_LETTERS}{{6,10}}-{_LETTERS}{{5}}")
_NUMBERED = re.compile(r"(.+)-\d{1,9}")  # of a StatefulSet
_RANDOM = re.compile(rf"(.+)-{_LETTERS}{{5}}")  # of a DaemonSet or a Job
_Slice = tuple[str, str]  # uuid, mig


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one moment."""

    origin: Origin
    holders: dict[_Slice, tuple[Holder, ...]] = field(default_factory=dict)
    index: dict[str, str] = field(default_factory=dict)  # of a device, by its uuid
    total_bytes: dict[_Slice, float] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Sequence[Sample], origin: Origin) -> Facts:
        """The samples are all that is known now."""
        facts, held, owners = cls(origin), dict[_Slice, list[Holder]](), dict[tuple[str, str], str]()
        for sample in samples:
            facts._learn(sample, held, owners)
        for key, found in held.items():
            named = [replace(one, workload=owners.get((one.namespace, one.pod), one.workload)) for one in found]
            facts.holders[key] = tuple(named)
        machine = next((dict(one.labels) for one in samples if one.metric is neuron.neuron_info), {})
        return replace(
            facts,
            origin=replace(
                origin,
                instance_id=origin.instance_id or machine.get("instance_id", ""),
                instance_type=origin.instance_type or machine.get("instance_type", ""),
            ),
        )

    def holders_of(self, sample: Sample) -> tuple[Holder, ...]:
        """Of the device, or slice, that a sample is about."""
        labels = dict(sample.labels)
        return self.holders.get((labels.get("uuid", ""), labels.get("mig", "")), ()) if "uuid" in labels else ()

    def _learn(self, sample: Sample, held: dict[_Slice, list[Holder]], owners: dict[tuple[str, str], str]) -> None:
        labels = dict(sample.labels)
        if sample.metric is device.accelerator_info:
            self.index[labels["uuid"]] = labels["index"]
        elif sample.metric is device.memory_total_bytes:
            self.total_bytes[labels["uuid"], labels["mig"]] = sample.value
        elif sample.metric is device.allocation and sample.value > 0:
            pod = labels["pod"]
            holder = Holder(labels["namespace"], pod, labels["container"], workload_of(pod))
            held.setdefault((labels["uuid"], labels["mig"]), []).append(holder)
        elif sample.metric is pods.owner_info and labels["owner_kind"] != "ReplicaSet":
            owners[labels["namespace"], labels["pod"]] = labels["owner_name"]


def workload_of(pod: str) -> str:
    """What owns a pod, by the way Kubernetes names pods; the pod itself where it was given its own name."""
    for pattern in (_OF_REPLICA_SET, _NUMBERED, _RANDOM):
        if match := pattern.fullmatch(pod):
            return match[1]
    return pod
