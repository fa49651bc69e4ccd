"""A small fleet that serves at known rates for an hour: GPU nodes at a chosen price, one engine page per node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.path import PricePath, Resource, constant
from analyzer.pricing.price import LIST, Price
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, every

HOUR = 3600.0
BEFORE, AFTER = 600.0, 300.0
PAGES = every(START - BEFORE, START + HOUR + AFTER, 15)
KUBE = every(START - BEFORE, START + HOUR + AFTER, 30)

Rate = float | Callable[[float], float]  # per second; a function of the seconds since START


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Every node costs the same."""

    dollars_per_hour: float

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        return constant(Price(self.dollars_per_hour, LIST, "the test", date(2026, 11, 1), resource.instance_type, ""))


def counter(rate: Rate) -> list[tuple[float, float]]:
    """A counter that grows at this rate between pages."""
    total, points = 0.0, []
    for at, _ in PAGES:
        points.append((at, total))
        total += 15.0 * (rate(at - START) if callable(rate) else rate)
    return points


def gauge(value: Rate) -> list[tuple[float, float]]:
    return [(at, value(at - START) if callable(value) else value) for at, _ in PAGES]


def serving_node(
    scene: Scene, number: int, instance_type: str, gpus: int, model: str, card: str = "NVIDIA H100 80GB HBM3"
) -> dict[str, str]:
    """A node whose GPUs one pod of `model` holds; returns the labels of its engine's series."""
    node, pod, ip = f"n{number}", f"llm-{number}", f"10.0.1.{number}"
    scene.node(node, KUBE, instance_type, gpus).pod(pod, node, KUBE, float(gpus), ip)
    scene.add("kube_pod_owner", KUBE, namespace="ml", pod=pod, owner_kind="StatefulSet", owner_name="llm")
    for index in range(gpus):
        own = {"gpu": str(index), "UUID": f"GPU-{node}-{index}", "modelName": card, "Hostname": node}
        scene.add("DCGM_FI_DEV_FB_USED", PAGES, **own, exported_namespace="ml", exported_pod=pod)
    return {"namespace": "ml", "pod": pod, "instance": f"{ip}:8000", "model_name": model, "engine": "0"}


def serve(scene: Scene, engine: dict[str, str], generated: Rate, prompt: Rate = 0.0, running: Rate = 1.0) -> None:
    """The engine's tokens per second, and its load."""
    scene.add("vllm:num_requests_running", gauge(running), **engine)
    scene.add("vllm:generation_tokens_total", counter(generated), **engine)
    scene.add("vllm:prompt_tokens_total", counter(prompt), **engine)


def hour_of(scene: Scene, folder: Path, dollars_per_hour: float, options: Options | None = None) -> Ledger:
    """The ledger of the hour."""
    window = Window.of_seconds(START, START + HOUR)
    return compute_ledger(scene.store(folder / "store"), window, FixedPrice(dollars_per_hour), options or Options())
