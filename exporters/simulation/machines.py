"""The instance types of the simulated fleet and what AWS charges for them: the fleet's own price list.

The ledger has another table of its own. That the two agree is a result of its tests, not an assumption here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """One accelerator model: names as DCGM and Karpenter write them, memory in MiB, board power in watts."""

    name: str
    karpenter_name: str
    memory_mib: int
    idle_watts: float
    full_watts: float


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance type: `cards` accelerators of one model (None: not NVIDIA's) and the list price of the whole."""

    name: str
    vcpus: int
    memory_gib: int
    cards: int
    card: Card | None
    dollars_per_hour: float


_H100 = Card("NVIDIA H100 80GB HBM3", "h100", 81559, 71, 700)
_A100 = Card("NVIDIA A100-SXM4-40GB", "a100", 40960, 52, 400)
_L40S = Card("NVIDIA L40S", "l40s", 46068, 34, 350)
_A10G = Card("NVIDIA A10G", "a10g", 23028, 17, 300)
_L4 = Card("NVIDIA L4", "l4", 23034, 13, 72)
_RTX_PRO_6000 = Card("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-server-6000", 97887, 36, 600)

P5_48XLARGE = Machine("p5.48xlarge", 192, 2048, 8, _H100, 55.04)
P4D_24XLARGE = Machine("p4d.24xlarge", 96, 1152, 8, _A100, 21.957642)
G6E_12XLARGE = Machine("g6e.12xlarge", 48, 384, 4, _L40S, 10.49264)
G6E_XLARGE = Machine("g6e.xlarge", 4, 32, 1, _L40S, 1.861)
G5_12XLARGE = Machine("g5.12xlarge", 48, 192, 4, _A10G, 5.672)
G5_XLARGE = Machine("g5.xlarge", 4, 16, 1, _A10G, 1.006)
G6_12XLARGE = Machine("g6.12xlarge", 48, 192, 4, _L4, 4.6016)
G6_XLARGE = Machine("g6.xlarge", 4, 16, 1, _L4, 0.8048)
G7E_2XLARGE = Machine("g7e.2xlarge", 8, 64, 1, _RTX_PRO_6000, 3.36312)
TRN1_32XLARGE = Machine("trn1.32xlarge", 128, 512, 16, None, 21.5)
M7I_2XLARGE = Machine("m7i.2xlarge", 8, 32, 0, None, 0.4032)
