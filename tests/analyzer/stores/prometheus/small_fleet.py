"""Two hours of two nodes whose engines count tokens: small, and every figure is known."""

from __future__ import annotations

from collections.abc import Sequence

from tests.analyzer.conftest import START, Scene, every

HOURS = 2
END = START + HOURS * 3600
KUBE = every(START - 600, END + 600, 30)
PAGES = every(START - 600, END + 600, 15)
TOKENS_PER_SECOND = {"chat": 100.0, "code": 40.0}
NODES = {"chat": ("a", "g6e.12xlarge", 4, "10.0.0.1"), "code": ("b", "p5.4xlarge", 1, "10.0.0.2")}


def add_fleet(
    scene: Scene,
    kube: Sequence[tuple[float, float]] = KUBE,
    pages: Sequence[tuple[float, float]] = PAGES,
    **more: str,
) -> Scene:
    """Adds it all, scraped at these times; `more` are labels that every series has."""
    for pod, (node, instance_type, gpus, ip) in NODES.items():
        scene.node(node, list(kube), instance_type, gpus, **more)
        scene.pod(pod, node, list(kube), float(gpus), ip, **more)
        for index in range(gpus):
            own = {"exported_namespace": "ml", "exported_pod": pod, **more}
            scene.gpu(node, index, list(pages), 0.5, **own)
        engine = {"namespace": "ml", "pod": pod, "instance": f"{ip}:8000", "model_name": pod, "engine": "0", **more}
        scene.add("vllm:num_requests_running", [(at, 3.0) for at, _ in pages], **engine)
        for name, share in (("generation", 1.0), ("prompt", 10.0)):
            counted = [(at, (at - START + 600) * TOKENS_PER_SECOND[pod] * share) for at, _ in pages]
            scene.add(f"vllm:{name}_tokens_total", counted, **engine)
    return scene
