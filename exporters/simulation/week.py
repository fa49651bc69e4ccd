"""The script of the demo week: ten accelerator nodes, one CPU node, and what happens to them."""

from __future__ import annotations

from exporters.simulation import machines, models
from exporters.simulation.casting import Casting, Owner
from exporters.simulation.general_pool import assistant, code, documents, notebook, transcription
from exporters.simulation.large_pool import chat, training
from exporters.simulation.scene import Scene
from exporters.simulation.shared_pool import slices, small_models
from exporters.simulation.steps import Span
from exporters.simulation.story import Demand


def week(cast: Casting) -> list[Scene]:
    """All scenes, the accelerator nodes first."""
    stories = (
        chat,
        training,
        assistant,
        code,
        documents,
        _spot,
        small_models,
        slices,
        notebook,
        transcription,
        _gateway,
    )
    return [story(cast) for story in stories]


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


def _gateway(cast: Casting) -> Scene:
    """The CPU node: in no accelerator's bill."""
    node = cast.node(11, machines.M7I_2XLARGE, "cpu")
    return node, [cast.worker(Owner("gateway", "router", "platform"), node, (), cast.lives(5), ())]
