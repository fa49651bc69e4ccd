"""The weights by which a node's price is split are AWS's: its own worked example comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.accounts.unused_hosts import unused_hosts
from tests.analyzer.conftest import Scene
from tests.analyzer.served_scene import KUBE, hour_of

_GIB = 2.0**30


def test_p3_16xlarge_at_ten_dollars(tmp_path: Path) -> None:
    """8 GPUs, 64 vCPUs, 488 GiB, $10 an hour: $0.0504 per vCPU-hour and $0.0056 per GiB-hour."""
    scene = Scene().node("n", KUBE, "p3.16xlarge", 8).pod("p", "n", KUBE, 8.0, "10.0.1.1")
    for resource, size in (("cpu", 64.0), ("memory", 488 * _GIB)):
        for table in ("capacity", "allocatable"):
            scene.add(f"kube_node_status_{table}", [(at, size) for at, _ in KUBE], node="n", resource=resource)
        own = {"namespace": "ml", "pod": "p", "uid": "uid-p", "node": "n", "container": "main", "resource": resource}
        scene.add("kube_pod_container_resource_requests", [(at, 0.0) for at, _ in KUBE], **own)
    (host,) = unused_hosts(hour_of(scene, tmp_path, 10.0))
    assert host.dollars == pytest.approx(64 * 0.0504 + 488 * 0.0056, rel=2e-3)
