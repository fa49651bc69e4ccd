"""The demo week on the nodes of eight cards: a chat model in two copies, and a fine-tuning job."""

from __future__ import annotations

from exporters.simulation import machines, models
from exporters.simulation.casting import Casting, Owner
from exporters.simulation.scene import Scene, first_weekend
from exporters.simulation.steps import Span
from exporters.simulation.story import Demand, Work

_CHAT = Owner("chat", "llama-70b", "chat")


def chat(cast: Casting) -> Scene:
    """Two replicas of a large model; an overloaded afternoon, a kill under load, a kill at rest, a weekend off."""
    node = cast.node(1, machines.P5_48XLARGE, "gpu-large")
    rest, load, weekend = cast.moment(3, 3, 12, 31.4), cast.moment(2, 14, 20, 7.3), first_weekend(cast)
    overload = (Span(cast.moment(1, 13, 5, 20), cast.moment(1, 15, 21, 40)),)
    first = cast.server(
        _CHAT,
        models.LLAMA_70B,
        node,
        (0, 1, 2, 3),
        cast.lives(355, stops=[(rest, rest + 1.6)]),
        demand=Demand(overload=overload, quiet=(Span(rest - 800, rest),)),
        cpus=24,
    )
    second = cast.server(
        _CHAT,
        models.LLAMA_70B,
        node,
        (4, 5, 6, 7),
        cast.lives(355, stops=[(load, load + 2.1)], end=weekend),
        removed=weekend,
        demand=Demand(overload=overload, busy=(Span(load - 1100, load),)),
        cpus=24,
    )
    return node, [first, second]


def training(cast: Casting) -> Scene:
    """A fine-tuning job with stalls, then nothing, then Karpenter takes the node away."""
    done, cordoned = cast.moment(3, 9, 17, 40.2), cast.moment(4, 5, 0, 5.3)
    node = cast.node(2, machines.P4D_24XLARGE, "gpu-large", cordoned=cordoned, gone=cordoned + 156)
    stalls = [
        (cast.moment(0, 1, 10, 14), cast.moment(0, 1, 33, 2)),
        (cast.moment(1, 11, 0, 41), cast.moment(1, 11, 46, 50)),
        (cast.moment(2, 20, 15, 3), cast.moment(2, 20, 41, 27)),
    ]
    edges = [cast.long_ago, *(edge for stall in stalls for edge in stall), done]
    work = tuple(Work(Span(a, b), 0.9) for a, b in zip(edges[::2], edges[1::2], strict=True))
    job = cast.worker(
        Owner("research", "finetune-8b", "research", "Job"),
        node,
        tuple(range(8)),
        cast.lives(120, end=done),
        work,
        finished=done,
        removed=done + 43200,
        cpus=80,
    )
    return node, [job]
