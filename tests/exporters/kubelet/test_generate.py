"""The generated messages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from exporters.kubelet import pod_resources_pb2

ROOT = Path(__file__).parents[3]


def test_every_protobuf_that_may_be_installed_can_load_the_messages() -> None:
    made_by = re.search(r"Protobuf Python Version: ([\d.]+)", Path(pod_resources_pb2.__file__).read_text())
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (oldest,) = (one.removeprefix("protobuf>=") for one in wanted if one.startswith("protobuf>="))
    assert made_by
    assert version(made_by[1]) <= version(oldest)


def version(text: str) -> tuple[int, ...]:
    """Three numbers; what is left out is 0."""
    numbers = [int(part) for part in text.split(".")]
    return tuple([*numbers, 0, 0][:3])
