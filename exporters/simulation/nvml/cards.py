"""Card models as the library tells of them: sizes, power, clocks, and what each cannot do."""

from __future__ import annotations

from dataclasses import dataclass

TURING, AMPERE, ADA, HOPPER, BLACKWELL = 6, 7, 8, 9, 10


@dataclass(frozen=True, slots=True)
class Model:
    """One model. Traffic is what flows while it is busy, in bytes per second and direction; 0 NVLink: it has none.

    `pcie_bits` is the width of the PCIe byte counters; None where the model has none.
    """

    name: str
    architecture: int
    memory_mib: int
    reserved_mib: int
    idle_watts: float
    full_watts: float
    sm_megahertz: int
    memory_megahertz: int
    nvlink_bytes_per_second: float = 0.0
    pcie_bytes_per_second: float = 2e9
    pcie_bits: int | None = 64
    has_row_remapping: bool = True
    has_mig: bool = False

    @property
    def has_gpm(self) -> bool:
        return self.architecture >= HOPPER


H100 = Model(
    "NVIDIA H100 80GB HBM3", HOPPER, 81559, 551, 71, 700, 1980, 2619, nvlink_bytes_per_second=40e9, has_mig=True
)
B200 = Model("NVIDIA B200", BLACKWELL, 183359, 896, 140, 1000, 1965, 3996, nvlink_bytes_per_second=80e9, has_mig=True)
A100 = Model(
    "NVIDIA A100-SXM4-40GB", AMPERE, 40960, 423, 52, 400, 1410, 1215, nvlink_bytes_per_second=20e9, has_mig=True
)
A10G = Model("NVIDIA A10G", AMPERE, 23028, 297, 17, 300, 1710, 6251)
T4 = Model("Tesla T4", TURING, 15360, 383, 10, 70, 1590, 5001, pcie_bits=None, has_row_remapping=False)
