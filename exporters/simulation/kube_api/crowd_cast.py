"""What a crowd is made of: one node and one pod of each sort with marks in their names, and what real ones carry."""

from __future__ import annotations

import json

from exporters.simulation import machines, models
from exporters.simulation.kube_api.images import Image, image, image_of
from exporters.simulation.kube_api.metadata import Json
from exporters.simulation.steps import FOREVER, Span
from exporters.simulation.story import Life, Node, Pod, Slot

POOLS = {True: ("gpu", machines.P5_48XLARGE), False: ("general", machines.M7I_2XLARGE)}  # by: has accelerators
STARTING, LOADING, READY = range(3)  # phases of a pod
_OLD_SECONDS = 5400.0
_ASKED = 2  # accelerators
_IMAGES, _IMAGES_OF_A_NODE = 400, 25
_SOME_VARIABLES = 20


def node(has_accelerators: bool, began: float, is_ready: bool = True) -> Node:
    pool, machine = POOLS[has_accelerators]
    created = began - _OLD_SECONDS
    return Node(
        name="ip-@NODE.ec2.internal",
        address="@NODE.node",
        provider_id="aws:///us-east-1a/i-0@NODE",
        zone="us-east-1a",
        machine=machine,
        capacity_type="on-demand",
        pool=pool,
        created=created,
        ready=created + 60,
        allocatable=created + 90,
        slots=tuple(Slot(device) for device in range(machine.cards)),
        uuids=(),
        unready=() if is_ready else (Span(began, FOREVER),),
    )


def pod(has_accelerators: bool, phase: int, began: float) -> Pod:
    bound = began - _OLD_SECONDS / 2
    start = bound + 45 if phase > STARTING else FOREVER
    life = Life(start, start + 90 if phase == READY else FOREVER)
    return Pod(
        namespace="team-of-@OWNER",
        name="app-@OWNER-@NUMBER-@GENERATION",
        uid="00000000-0000-4000-8000-000000000000",
        address="@NUMBER.pod",
        node="ip-@NODE.ec2.internal",
        holds=tuple(range(_ASKED)) if has_accelerators else (),
        resource="nvidia_com_gpu" if has_accelerators else "",
        workload="app-@OWNER",
        owner_kind="Deployment",
        owner_name="app-@OWNER",
        team="team",
        container="main",
        cpus=2.0,
        bound=bound,
        lives=(life,),
        model=models.LLAMA_8B if has_accelerators else None,
    )


def image_sets(count: int) -> list[bytes]:
    """Of status.images, as JSON; each node has one of these sets, and all have the image of the engine."""
    engine = image_of(pod(True, READY, 0))
    some = [image(f"registry.example/app-{number}", "v1", 900_000_000) for number in range(_IMAGES)]
    places = range(_IMAGES_OF_A_NODE)
    taken = [[some[(number * 7 + place * 13) % _IMAGES] for place in places] for number in range(count)]
    return [json.dumps([_listed(one) for one in (engine, *images)]).encode() for images in taken]


def _listed(one: Image) -> Json:
    return {"names": list(one.names), "sizeBytes": one.size_bytes}


def grown(found: Json) -> Json:
    """A pod with the variables, probes and volumes that real ones have and that nobody asks for."""
    container = found["spec"]["containers"][0]
    container["env"] = [
        {"name": f"SETTING_{number}", "value": f"of no interest {number}"} for number in range(_SOME_VARIABLES)
    ]
    container["readinessProbe"] = {"httpGet": {"path": "/health", "port": 8000, "scheme": "HTTP"}, "periodSeconds": 10}
    container["volumeMounts"] = [
        {"name": name, "mountPath": f"/var/{name}", "readOnly": True} for name in ("cache", "shm", "kube-api-access")
    ]
    found["spec"]["volumes"] = [{"name": name, "emptyDir": {"medium": "Memory"}} for name in ("cache", "shm")]
    return found
