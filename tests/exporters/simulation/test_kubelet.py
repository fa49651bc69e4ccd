"""The simulated kubelet listens, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.simulation.kubelet import Kubelet
from exporters.source import GpuyieldError

pytest.importorskip("grpc")


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 108)
    with pytest.raises(GpuyieldError, match="107 are the most; set TMPDIR"):
        Kubelet(long).start()
