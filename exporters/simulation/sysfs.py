"""Files that the kernel of a simulated node shows: its instance id, Neuron devices, and EFA counters that rise."""

from __future__ import annotations

from pathlib import Path

from exporters.simulation.story import Node

_ADAPTER = Path("class/infiniband/rdmap16s27")
_BYTES_PER_SECOND = {"tx_bytes": 1.1e9, "rx_bytes": 1.3e9}
_PACKET_BYTES = 8760


def write_machine(sysfs: Path, node: Node) -> None:
    """Who the node is, and the Neuron devices that it has."""
    _write(sysfs / "devices/virtual/dmi/id/board_asset_tag", node.provider_id.rpartition("/")[2])
    if node.machine.card is None:
        for number in range(node.machine.cards):
            (sysfs / f"devices/virtual/neuron_device/neuron{number}").mkdir(parents=True)


def write_adapter(sysfs: Path, up_seconds: float) -> None:
    """An EFA that sent and received at a steady rate since its driver was loaded."""
    _write(sysfs / _ADAPTER / "device/vendor", "0x1d0f")
    _write(sysfs / _ADAPTER / "device/device", "0xefa2")
    counters = sysfs / _ADAPTER / "ports/1/hw_counters"
    for name, rate in _BYTES_PER_SECOND.items():
        total = int(rate * up_seconds)
        _write(counters / name, str(total))
        _write(counters / name.replace("bytes", "pkts"), str(total // _PACKET_BYTES))
    _write(counters / "retrans_pkts", str(int(up_seconds // 7)))


def _write(file: Path, text: str) -> None:
    """Whole or not at all: it may be read meanwhile."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}")
    new.write_text(f"{text}\n")
    new.replace(file)
