"""What the Neuron devices of a node are called: a name that stays the same whichever way they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from exporters.canonical import device
from exporters.metric import Sample

# Nitro's firmware tells the instance id to everyone; the metadata service is often out of reach for pods.
_ASSET_TAG = Path("devices/virtual/dmi/id/board_asset_tag")
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
_CHIPS = {
    "inferentia": "Inferentia",
    "inferentia1": "Inferentia",
    "inf1": "Inferentia",
    "inferentia2": "Inferentia2",
    "inf2": "Inferentia2",
    "trainium": "Trainium1",
    "trainium1": "Trainium1",
    "trn1": "Trainium1",
    "trn1n": "Trainium1",
    "trainium2": "Trainium2",
    "trn2": "Trainium2",
    "trn2u": "Trainium2",
    "trainium3": "Trainium3",
    "trn3": "Trainium3",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where devices sit."""

    node: str
    machine: str  # the instance id, else the node's name

    def uuid(self, device_number: int) -> str:
        return f"{self.machine}/neuron{device_number}"

    def info(self, device_number: int, model: str, at: float) -> Sample:
        """The identity of one device."""
        return device.accelerator_info.sample(
            1,
            at,
            uuid=self.uuid(device_number),
            mig="",
            mig_profile="",
            index=str(device_number),
            model=model,
            node=self.node,
            target_node="",
            instance="",
            exporter_namespace="",
            exporter_pod="",
        )


def instance_id_of_firmware(sysfs: Path) -> str:
    """The EC2 instance id; "" where this is another machine."""
    try:
        text = (sysfs / _ASSET_TAG).read_text(errors="replace").strip()
    except OSError:
        return ""
    return text if _INSTANCE_ID.fullmatch(text) else ""


def chip_of(device_type: str, instance_type: str = "") -> str:
    """The model as price and peak tables write it; an unknown one stays as it was told."""
    for text in (device_type, instance_type.partition(".")[0]):
        if chip := _CHIPS.get(text.strip().lower()):
            return chip
    return device_type.strip()
