"""Makes the nouns of a story with names, addresses and identifiers that depend on the seed alone."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from exporters.simulation.machines import Machine
from exporters.simulation.steps import FOREVER, Span
from exporters.simulation.story import Demand, Fault, Life, Model, Node, Pod, Slot, Work, identity, pod_uid

_REGION = "us-east-1"
_LONG_AGO_DAYS = 6.0  # when what stood before the window was made


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a pod belongs to."""

    namespace: str
    workload: str
    team: str
    kind: str = "Deployment"


@dataclass(frozen=True, slots=True)
class Casting:
    """`start` is the beginning of the week, a midnight in UTC."""

    seed: int
    start: float

    def moment(self, day: int, hour: int = 0, minute: int = 0, second: float = 0) -> float:
        return self.start + day * 86400 + hour * 3600 + minute * 60 + second

    @property
    def long_ago(self) -> float:
        return self.start - _LONG_AGO_DAYS * 86400

    def node(
        self,
        number: int,
        machine: Machine,
        pool: str,
        *,
        capacity_type: str = "on-demand",
        created: float | None = None,
        slots: tuple[Slot, ...] = (),
        cordoned: float = FOREVER,
        gone: float = FOREVER,
        unready: tuple[Span, ...] = (),
        faults: tuple[Fault, ...] = (),
        exporter_down: tuple[Span, ...] = (),
    ) -> Node:
        """A node whose devices are held whole unless `slots` says otherwise; made long ago unless `created` does."""
        address = f"10.0.1.{10 + number}"
        zone = _REGION + "abc"[number % 3]
        born = self.long_ago + number * 3600 if created is None else created
        digits = [identity(self.seed, "card", str(number), str(card)) for card in range(machine.cards)]
        return Node(
            name=f"ip-{address.replace('.', '-')}.ec2.internal",
            address=address,
            provider_id=f"aws:///{zone}/i-0{identity(self.seed, 'node', str(number))[:16]}",
            zone=zone,
            machine=machine,
            capacity_type=capacity_type,
            pool=pool,
            created=born,
            ready=born + 118.4,
            allocatable=born + 262.7,
            slots=slots or tuple(Slot(device) for device in range(machine.cards)),
            uuids=tuple(f"GPU-{uuid.UUID(text)}" for text in digits),
            cordoned=cordoned,
            gone=gone,
            unready=unready,
            faults=faults,
            exporter_down=exporter_down,
        )

    def server(
        self,
        owner: Owner,
        model: Model,
        node: Node,
        holds: tuple[int, ...],
        lives: tuple[Life, ...],
        *,
        bound: float | None = None,
        removed: float = FOREVER,
        demand: Demand | None = None,
        cpus: float = 1.0,
        resource: str = "nvidia_com_gpu",
    ) -> Pod:
        """A vLLM pod; each binding of one Deployment to other slots or at another time is another pod."""
        born = self.long_ago + 40_000 if bound is None else bound
        return self._pod(
            owner,
            node,
            holds,
            lives,
            born,
            removed,
            cpus=cpus,
            resource=resource,
            model=model,
            demand=demand or Demand(),
        )

    def worker(
        self,
        owner: Owner,
        node: Node,
        holds: tuple[int, ...],
        lives: tuple[Life, ...],
        work: tuple[Work, ...],
        *,
        bound: float | None = None,
        finished: float = FOREVER,
        removed: float = FOREVER,
        cpus: float = 2.0,
        resource: str = "nvidia_com_gpu",
    ) -> Pod:
        """A pod without an engine page: training, batch, a notebook."""
        born = self.long_ago + 40_000 if bound is None else bound
        return self._pod(
            owner, node, holds, lives, born, removed, cpus=cpus, resource=resource, finished=finished, work=work
        )

    def _pod(
        self,
        owner: Owner,
        node: Node,
        holds: tuple[int, ...],
        lives: tuple[Life, ...],
        bound: float,
        removed: float,
        *,
        cpus: float,
        resource: str,
        finished: float = FOREVER,
        model: Model | None = None,
        demand: Demand | None = None,
        work: tuple[Work, ...] = (),
    ) -> Pod:
        digits = identity(self.seed, owner.namespace, owner.workload, node.name, str(holds), str(bound - self.start))
        replicaset = f"{owner.workload}-{identity(self.seed, owner.namespace, owner.workload)[:10]}"
        owner_name = replicaset if owner.kind == "Deployment" else owner.workload
        name = f"{owner.workload}-0" if owner.kind == "StatefulSet" else f"{owner_name}-{digits[:5]}"
        return Pod(
            namespace=owner.namespace,
            name=name,
            uid=pod_uid(self.seed, f"{owner.namespace}/{name}"),
            address=f"10.0.{100 + int(digits[:2], 16) % 100}.{int(digits[2:4], 16) % 250 + 2}",
            node=node.name,
            holds=holds,
            resource=resource if holds else "",
            workload=owner.workload,
            owner_kind=owner.kind,
            owner_name=owner_name,
            team=owner.team,
            container="vllm" if model else "main",
            cpus=cpus,
            bound=math.floor(bound),  # the API server keeps whole seconds
            lives=lives,
            finished=finished,
            removed=removed,
            model=model,
            demand=demand or Demand(),
            work=work,
        )

    def lives(
        self,
        load_seconds: float,
        *,
        bound: float | None = None,
        pull_seconds: float = 45.0,
        stops: Sequence[tuple[float, float]] = (),
        end: float = FOREVER,
    ) -> tuple[Life, ...]:
        """A container that is pulled, loads, serves; at each (stop, restart) it ends and loads again."""
        start = (self.long_ago + 40_000 if bound is None else bound) + pull_seconds
        made: list[Life] = []
        for stop, restart in stops:
            made.append(Life(start, start + load_seconds, stop))
            start = restart
        return (*made, Life(start, start + load_seconds, end))

    def crash_loop(self, start: float, until: float, run_seconds: float) -> tuple[Life, ...]:
        """Never Ready: each run ends after `run_seconds`, each wait doubles from 10 to 300 seconds."""
        made: list[Life] = []
        wait = 10.0
        while start + run_seconds < until:
            made.append(Life(start, FOREVER, start + run_seconds, backs_off=True))
            start += run_seconds + wait
            wait = min(300.0, wait * 2)
        return tuple(made)

    def spells_of_work(
        self, name: str, span: Span, busy_seconds: float, idle_seconds: float, level: float
    ) -> tuple[Work, ...]:
        """Work in pieces of random length, with pauses between them."""
        return tuple(self._spells(name, span, busy_seconds, idle_seconds, level))

    def _spells(self, name: str, span: Span, busy: float, idle: float, level: float) -> Iterator[Work]:
        rng = np.random.default_rng((self.seed, crc32(name.encode())))
        at = span.start
        while at < span.end:
            length = rng.lognormal(math.log(busy), 0.6)
            yield Work(Span(at, min(span.end, at + length)), level * rng.uniform(0.85, 1.05))
            at += length + rng.lognormal(math.log(idle), 0.5)
