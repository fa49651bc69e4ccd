"""The demo week on the general nodes: servers that hang, roll out and lose a card, and workers without a page."""

from __future__ import annotations

from exporters.simulation import machines, models
from exporters.simulation.casting import Casting, Owner
from exporters.simulation.scene import Scene, first_weekend
from exporters.simulation.steps import Span
from exporters.simulation.story import Demand, Fault, Life, Work

_ASSIST = Owner("assist", "qwen-32b", "assist")
_CODE = Owner("code", "coder-32b", "devtools")
_DOCS = Owner("docs", "summarizer", "docs")


def assistant(cast: Casting) -> Scene:
    """Two replicas of a mid-size model on two cards each; one is restarted by its liveness probe."""
    node = cast.node(3, machines.G6E_12XLARGE, "gpu-general")
    hung, weekend = cast.moment(4, 10, 31, 5.8), first_weekend(cast) + 95
    first = cast.server(_ASSIST, models.QWEN_32B, node, (0, 1), cast.lives(210), cpus=8)
    second = cast.server(
        _ASSIST,
        models.QWEN_32B,
        node,
        (2, 3),
        cast.lives(210, stops=[(hung, hung + 3.4)], end=weekend),
        removed=weekend,
        demand=Demand(busy=(Span(hung - 700, hung),)),
        cpus=8,
    )
    return node, [first, second]


def code(cast: Casting) -> Scene:
    """A rollout, a crash-looping neighbour, and five hours in which the node is not Ready."""
    hang = Span(cast.moment(4, 10, 0, 3.5), cast.moment(4, 15, 7, 20.9))
    node = cast.node(4, machines.G6E_12XLARGE, "gpu-general", unready=(hang,))
    rollout = cast.moment(1, 10, 2, 11.2)
    bound = rollout + 3
    old = cast.server(_CODE, models.CODER_32B, node, (0, 1), cast.lives(250, end=rollout), removed=rollout, cpus=8)
    new = cast.server(
        _CODE,
        models.CODER_32B,
        node,
        (0, 1),
        cast.lives(250, bound=bound, pull_seconds=140, stops=[(hang.start, hang.end + 25)]),
        bound=bound,
        demand=Demand(nights=0.04, weekends=0.15),
        cpus=8,
    )
    born, deleted = cast.moment(1, 8, 5, 33), cast.moment(2, 22, 30, 48.8)
    reranker = cast.worker(
        Owner("search", "reranker", "search"),
        node,
        (2,),
        cast.crash_loop(born + 62, deleted, 17.5),
        (),
        bound=born,
        removed=deleted,
    )
    return node, [old, new, reranker]


def documents(cast: Casting) -> Scene:
    """A card falls off the bus and takes a two-card server down; a reboot the next morning brings it back."""
    fault, reboot = cast.moment(2, 16, 40, 12.7), Span(cast.moment(3, 9, 15, 30.1), cast.moment(3, 9, 21, 5.6))
    node = cast.node(
        5, machines.G5_12XLARGE, "gpu-general", unready=(reboot,), faults=(Fault(1, Span(fault, reboot.end)),)
    )
    before = Life(cast.long_ago + 40_045, cast.long_ago + 40_195, fault, backs_off=True)
    crashes = cast.crash_loop(fault + 10, reboot.start, 22)
    after = Life(reboot.end + 30, reboot.end + 180)
    server = cast.server(
        _DOCS,
        models.MISTRAL_7B,
        node,
        (0, 1),
        (before, *crashes, after),
        demand=Demand(busy=(Span(fault - 1500, fault),)),
        cpus=6,
    )
    embeddings = cast.worker(
        Owner("search", "embeddings", "search"),
        node,
        (2,),
        cast.lives(40, stops=[(reboot.start, reboot.end + 28)]),
        cast.spells_of_work("embeddings", Span(cast.long_ago, cast.moment(30)), 3600, 780, 0.45),
    )
    return node, [server, embeddings]


def notebook(cast: Casting) -> Scene:
    """A notebook that holds a card all week and uses it for a morning."""
    node = cast.node(9, machines.G6E_XLARGE, "gpu-general")
    work = (
        Work(Span(cast.moment(0, 9, 30, 10), cast.moment(0, 11, 12, 5)), 0.55),
        Work(Span(cast.moment(3, 14, 0, 30), cast.moment(3, 14, 52, 11)), 0.4),
    )
    owner = Owner("research", "notebook-ana", "research", "StatefulSet")
    return node, [cast.worker(owner, node, (0,), cast.lives(20), work)]


def transcription(cast: Casting) -> Scene:
    """A batch worker without an engine page; for a working day nobody can tell whether it works."""
    down = Span(cast.moment(1, 6, 0, 20.3), cast.moment(1, 14, 3, 10.8))
    node = cast.node(10, machines.G6_XLARGE, "gpu-general", exporter_down=(down,))
    work = cast.spells_of_work("transcribe", Span(cast.long_ago, cast.moment(30)), 5400, 1500, 0.7)
    return node, [cast.worker(Owner("media", "transcribe", "media"), node, (0,), cast.lives(35), work)]
