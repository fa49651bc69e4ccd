"""The demo week on nodes whose cards are cut: time-slicing on one, MIG on the other."""

from __future__ import annotations

from exporters.simulation import machines, models
from exporters.simulation.casting import Casting, Owner
from exporters.simulation.scene import Scene
from exporters.simulation.steps import Span
from exporters.simulation.story import Pod, Slot, Work

_SEARCH = Owner("search", "answers-8b", "search")


def small_models(cast: Casting) -> Scene:
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


def slices(cast: Casting) -> Scene:
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
