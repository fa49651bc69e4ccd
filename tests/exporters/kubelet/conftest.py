"""A kubelet on a socket of its own; the path is short, because a socket's may not be long."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.simulation.kubelet import Kubelet


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kubelet") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "kubelet.sock"


@pytest.fixture
def kubelet(socket_path: Path) -> Iterator[Kubelet]:
    with Kubelet(socket_path) as server:
        yield server
