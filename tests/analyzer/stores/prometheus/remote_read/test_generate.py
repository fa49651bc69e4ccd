"""The generated messages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[5]
GENERATED = ROOT / "analyzer" / "stores" / "prometheus" / "remote_read" / "remote_pb2.py"


def test_every_protobuf_that_may_be_installed_can_load_the_messages() -> None:
    made_by = re.search(r"Protobuf Python Version: ([\d.]+)", GENERATED.read_text())
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (oldest,) = (one.removeprefix("protobuf>=") for one in wanted if one.startswith("protobuf>="))
    assert made_by
    assert version(made_by[1]) <= version(oldest)


def version(text: str) -> tuple[int, ...]:
    """Three numbers; what is left out is 0."""
    numbers = [int(part) for part in text.split(".")]
    return tuple([*numbers, 0, 0][:3])
