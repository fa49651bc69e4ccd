"""What a reader of the ledger may choose; every default is stated in the report."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.ledger.nodes_file import NodesFile
from analyzer.pricing.ec2_instances import Describe
from analyzer.pricing.price import LIST
from analyzer.slo import Slo

DEFAULT_IDLE_LINE = 0.01
DEFAULT_EFFECTIVE_TARGET = 0.6


@dataclass(frozen=True, slots=True)
class Options:
    """`idle_line`: effective ratio above which a device without an engine page works. `effective_target`: the
    effective ratio that counts as full use (T of DESIGN 6.3). `slo`: limits that make a request good.
    `nodes_file`: the user's word on nodes. `describe`: asks EC2 about nodes; without it EC2 is not asked.
    `price_basis`: what the prices given to the ledger are, list or effective; a price book says it itself."""

    idle_line: float = DEFAULT_IDLE_LINE
    effective_target: float = DEFAULT_EFFECTIVE_TARGET
    slo: Slo = field(default_factory=Slo)
    nodes_file: NodesFile | None = None
    describe: Describe | None = None
    price_basis: str = LIST
