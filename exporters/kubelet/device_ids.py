"""Reads the ids that device plugins give their devices: which device is meant, and which slice of it.

A shared device is offered as several ids. What one of them is worth is not in the id: allocation.py counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

_SHARED = re.compile(r"(?P<device>.+?)(::\d+|/vgpu\d+)", re.ASCII)  # NVIDIA's plugin, GKE's plugin
_OLD_SLICE = re.compile(r"MIG-(?P<uuid>GPU-[^/]+)/(?P<gi>\d+)/\d+", re.ASCII)  # drivers before R470
_GKE = re.compile(r"nvidia(?P<minor>\d{1,9})(/gi(?P<gi>\d+))?", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_GPU_RESOURCE = re.compile(r"nvidia\.com/(gpu(\.shared)?|mig-.+)")
NEURON_CORE = "aws.amazon.com/neuroncore"
NEURON_DEVICES = ("aws.amazon.com/neuron", "aws.amazon.com/neurondevice")  # two names of the same devices


class DeviceNames(Protocol):
    """What the driver calls devices. It answers from memory and at once: a GPU that hangs must not hold up pods."""

    def mig_of(self, uuid: str) -> tuple[str, str] | None:
        """The UUID of the GPU and the GPU instance id of `MIG-...`; None while that is not known."""

    def gpu_of(self, minor: int) -> str | None:
        """The UUID of the GPU behind /dev/nvidia<minor>; None while that is not known."""


class NoNames:
    """Where no NVIDIA driver is asked."""

    def mig_of(self, uuid: str) -> tuple[str, str] | None:
        return None

    def gpu_of(self, minor: int) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """A device, or a MIG slice of one.

    Where `is_known` is false the driver could not be asked: `uuid` is the name that the kubelet has for it, so that
    its holder is seen; it does not join with what is measured.
    """

    uuid: str
    mig: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class DeviceIds:
    """Reads ids of one node, whose own names for devices begin with `machine`.

    `cores_per_device` is Neuron's, None while it is not known.
    """

    machine: str
    names: DeviceNames
    cores_per_device: int | None

    def place(self, resource: str, device_id: str) -> Place | None:
        """None for what is no accelerator: a network adapter, a GPU handed to a virtual machine as a PCI device."""
        if resource == NEURON_CORE:
            return self._neuron_core(device_id)
        if resource in NEURON_DEVICES:
            return self._neuron(device_id)
        if resource.startswith("nvidia.com/"):  # a resource may be renamed, its prefix may not
            return self._gpu(device_id) or (self._unknown(device_id) if _GPU_RESOURCE.fullmatch(resource) else None)
        return None

    def _gpu(self, device_id: str) -> Place | None:
        shared = _SHARED.fullmatch(device_id)
        name = shared["device"] if shared else device_id
        if old := _OLD_SLICE.fullmatch(name):
            return Place(old["uuid"], old["gi"])
        if name.startswith("MIG-"):
            parent = self.names.mig_of(name)
            return Place(*parent) if parent else self._unknown(name)
        if gke := _GKE.fullmatch(name):
            uuid = self.names.gpu_of(int(gke["minor"]))
            return Place(uuid, gke["gi"] or "") if uuid else self._unknown(name)
        return Place(name) if name.startswith("GPU-") else None

    def _neuron(self, device_id: str) -> Place:
        return self._here(f"neuron{int(device_id)}") if _NUMBER.fullmatch(device_id) else self._unknown(device_id)

    def _neuron_core(self, device_id: str) -> Place:
        if self.cores_per_device is None or not _NUMBER.fullmatch(device_id):
            return self._unknown(f"neuroncore{device_id}")
        return self._here(f"neuron{int(device_id) // self.cores_per_device}")

    def _here(self, device: str) -> Place:
        return Place(f"{self.machine}/{device}")

    def _unknown(self, name: str) -> Place:
        """Some names are the same on every node, so only a UUID stands alone."""
        return Place(name if name.startswith("MIG-") else f"{self.machine}/{name}", is_known=False)
