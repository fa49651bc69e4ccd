"""Container images of the simulated fleet: which one a pod runs, how large it is, and which ones a node has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from exporters.simulation.story import Pod, identity

_SERVER_BYTES, _WORKER_BYTES = 9_200_000_000, 3_100_000_000  # of an engine with CUDA, and of PyTorch


@dataclass(frozen=True, slots=True)
class Image:
    """`names` by digest and by tag, as node.status.images has them."""

    names: tuple[str, ...]
    size_bytes: int

    @property
    def tag(self) -> str:
        return self.names[-1]

    @property
    def digest(self) -> str:
        return self.names[0]


def image_of(pod: Pod) -> Image:
    if pod.model is not None:
        return image("docker.io/vllm/vllm-openai", "v0.11.0", _SERVER_BYTES)
    return image(f"registry.example/{pod.namespace}/{pod.workload}", "2026.11", _WORKER_BYTES)


def image(repository: str, tag: str, near_bytes: int) -> Image:
    """Its size is within 10 % of `near_bytes`."""
    digest = identity(0, repository, tag) * 2
    size = near_bytes * (90 + crc32(digest.encode()) % 20) // 100
    return Image((f"{repository}@sha256:{digest}", f"{repository}:{tag}"), size)


SYSTEM = tuple(
    image(f"602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/{name}", "v1", 60_000_000)
    for name in ("kube-proxy", "aws-node", "coredns", "pause")
)


def images_of(pods: Sequence[Pod], at: float) -> list[Image]:
    """What a node with these pods has, the largest first as the kubelet lists them."""
    pulled = {image_of(pod) for pod in pods if pod.lives and pod.lives[0].start <= at}
    return sorted((*pulled, *SYSTEM), key=lambda one: (-one.size_bytes, one.digest))
