"""A node of Trainium devices, which the demo week does not have: what a live simulation shows beside it."""

from __future__ import annotations

from exporters.simulation import machines
from exporters.simulation.casting import Casting, Owner
from exporters.simulation.scene import Scene
from exporters.simulation.steps import Span
from exporters.simulation.story import Work

BUSY_RATIO = 0.8


def pretraining(cast: Casting) -> Scene:
    """A job on all devices, which never pauses."""
    node = cast.node(12, machines.TRN1_32XLARGE, "neuron")
    job = cast.worker(
        Owner("research", "pretrain-1b", "research", "Job"),
        node,
        tuple(range(node.machine.cards)),
        cast.lives(120),
        (Work(Span(cast.long_ago, cast.moment(30)), BUSY_RATIO),),
        cpus=96,
        resource="aws_amazon_com_neuron",
    )
    return node, [job]
