"""The script of the demo week: ten accelerator nodes, one CPU node, and what happens to them.

Days count from 0; hours are UTC. Each function tells the story of one node and returns it with its pods.
"""

from __future__ import annotations

from exporters.simulation import machines, models
from exporters.simulation.casting import Casting, Owner
from exporters.simulation.steps import Span
from exporters.simulation.story import Demand, Fault, Life, Node, Pod, Slot, Work

_SATURDAY = 5
Scene = tuple[Node, list[Pod]]

_CHAT = Owner("chat", "llama-70b", "chat")
_ASSIST = Owner("assist", "qwen-32b", "assist")
_CODE = Owner("code", "coder-32b", "devtools")
_DOCS = Owner("docs", "summarizer", "docs")
_SEARCH = Owner("search", "answers-8b", "search")


def week(cast: Casting) -> list[Scene]:
    """All scenes, the accelerator nodes first."""
    stories = (
        _chat,
        _training,
        _assistant,
        _code,
        _documents,
        _spot,
        _small_models,
        _slices,
        _notebook,
        _transcription,
        _gateway,
    )
    return [story(cast) for story in stories]


def _weekend(cast: Casting) -> float:
    """Half past midnight of the first Saturday from day 5 on, when idle replicas are scaled away."""
    days = range(5, 12)
    saturday = next(day for day in days if (int(cast.moment(day) // 86400) + 3) % 7 == _SATURDAY)
    return cast.moment(saturday, 0, 30, 12.4)


def _chat(cast: Casting) -> Scene:
    """Two replicas of a large model; an overloaded afternoon, a kill under load, a kill at rest, a weekend off."""
    node = cast.node(1, machines.P5_48XLARGE, "gpu-large")
    rest, load, weekend = cast.moment(3, 3, 12, 31.4), cast.moment(2, 14, 20, 7.3), _weekend(cast)
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


def _training(cast: Casting) -> Scene:
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


def _assistant(cast: Casting) -> Scene:
    """Two replicas of a mid-size model on two cards each; one is restarted by its liveness probe."""
    node = cast.node(3, machines.G6E_12XLARGE, "gpu-general")
    hung, weekend = cast.moment(4, 10, 31, 5.8), _weekend(cast) + 95
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


def _code(cast: Casting) -> Scene:
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


def _documents(cast: Casting) -> Scene:
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


def _spot(cast: Casting) -> Scene:
    """A node that comes in the middle of the week and is drained two days later, while it works."""
    created, cordoned = cast.moment(2, 9), cast.moment(4, 13, 30, 0.6)
    node = cast.node(
        6,
        machines.G6_12XLARGE,
        "gpu-spot",
        capacity_type="spot",
        created=created,
        cordoned=cordoned,
        gone=cordoned + 1350,
    )
    bound, last = created + 270, cordoned + 1100
    translator = cast.server(
        Owner("docs", "translator", "docs"),
        models.MISTRAL_7B,
        node,
        (0, 1),
        cast.lives(165, bound=bound, pull_seconds=95, end=last),
        bound=bound,
        removed=last,
        demand=Demand(busy=(Span(cordoned - 1800, last),)),
        cpus=6,
    )
    born, evicted = created + 400, cordoned + 40
    captions = cast.worker(
        Owner("media", "captions", "media"),
        node,
        (2,),
        cast.lives(50, bound=born, end=evicted),
        cast.spells_of_work("captions", Span(born, evicted), 2700, 900, 0.6),
        bound=born,
        removed=evicted,
    )
    return node, [translator, captions]


def _small_models(cast: Casting) -> Scene:
    """One card cut into four time-sliced replicas; two or three are held, and for two days none."""
    slots = tuple(Slot(0, 0.25, f"::{number}", replica=str(number)) for number in range(4))
    node = cast.node(7, machines.G5_XLARGE, "gpu-shared", slots=slots)
    evening, morning = cast.moment(4, 20, 0, 9.1), cast.moment(6, 18, 0, 14)
    pods: list[Pod] = []
    for replica, workload in enumerate(("titles", "tags")):
        owner = Owner("search", workload, "search")
        off, on = evening + replica * 7, morning + replica * 5
        pods += [
            cast.server(owner, models.QWEN_1B, node, (replica,), cast.lives(48, end=off), removed=off, cpus=0.5),
            cast.server(owner, models.QWEN_1B, node, (replica,), cast.lives(48, bound=on), bound=on, cpus=0.5),
        ]
    born, gone = cast.moment(1, 9, 0, 20), cast.moment(3, 18, 12, 44.2)
    trial = Owner("research", "intents-trial", "research")
    lives = cast.lives(48, bound=born, end=gone)
    return node, [*pods, cast.server(trial, models.QWEN_1B, node, (2,), lives, bound=born, removed=gone, cpus=0.5)]


def _slices(cast: Casting) -> Scene:
    """A card with MIG: a server on half of it, a notebook on a quarter until day 3, no instance on the rest."""
    slots = (
        Slot(0, 0.5, "/gi1", profile="2g.48gb", instance="1"),
        Slot(0, 0.25, "/gi5", profile="1g.24gb", instance="5"),
        Slot(0, 0.25, "/spare", spare=True),
    )
    node = cast.node(8, machines.G7E_2XLARGE, "gpu-shared", slots=slots)
    server = cast.server(
        _SEARCH, models.LLAMA_8B, node, (0,), cast.lives(90), cpus=2, resource="nvidia_com_mig_2g_48gb"
    )
    left = cast.moment(3, 12, 4, 50.5)
    notebook = cast.worker(
        Owner("research", "notebook-ben", "research", "StatefulSet"),
        node,
        (1,),
        cast.lives(20, end=left),
        (
            Work(Span(cast.moment(0, 2, 40), cast.moment(0, 3, 55)), 0.5),
            Work(Span(cast.moment(2, 13, 5), cast.moment(2, 16, 20)), 0.4),
        ),
        removed=left,
        resource="nvidia_com_mig_1g_24gb",
    )
    return node, [server, notebook]


def _notebook(cast: Casting) -> Scene:
    """A notebook that holds a card all week and uses it for a morning."""
    node = cast.node(9, machines.G6E_XLARGE, "gpu-general")
    work = (
        Work(Span(cast.moment(0, 9, 30, 10), cast.moment(0, 11, 12, 5)), 0.55),
        Work(Span(cast.moment(3, 14, 0, 30), cast.moment(3, 14, 52, 11)), 0.4),
    )
    owner = Owner("research", "notebook-ana", "research", "StatefulSet")
    return node, [cast.worker(owner, node, (0,), cast.lives(20), work)]


def _transcription(cast: Casting) -> Scene:
    """A batch worker without an engine page; for a working day nobody can tell whether it works."""
    down = Span(cast.moment(1, 6, 0, 20.3), cast.moment(1, 14, 3, 10.8))
    node = cast.node(10, machines.G6_XLARGE, "gpu-general", exporter_down=(down,))
    work = cast.spells_of_work("transcribe", Span(cast.long_ago, cast.moment(30)), 5400, 1500, 0.7)
    return node, [cast.worker(Owner("media", "transcribe", "media"), node, (0,), cast.lives(35), work)]


def _gateway(cast: Casting) -> Scene:
    """The CPU node: in no accelerator's bill."""
    node = cast.node(11, machines.M7I_2XLARGE, "cpu")
    return node, [cast.worker(Owner("gateway", "router", "platform"), node, (), cast.lives(5), ())]
