"""Writes `pod_resources_pb2.py` and `.pyi` from `pod_resources.proto`; run this file after a change of the latter.

The output refuses to run with a protobuf older than the compiler's own, so the compiler must be an old one: run it
from an environment of its own with nothing but `grpcio-tools==1.73.1`. A test holds it to what pyproject.toml allows.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROTO = Path(__file__).with_name("pod_resources.proto").relative_to(ROOT)
_HEADER = "# ruff: noqa\n# fmt: off\n# mypy: ignore-errors\n"


def generate() -> None:
    """Runs the compiler from the root of the checkout, so that the module is registered under its full path."""
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", "--python_out=.", "--pyi_out=.", str(PROTO)]
    subprocess.run(command, check=True, cwd=ROOT)
    for suffix in (".py", ".pyi"):
        written = ROOT / PROTO.with_name("pod_resources_pb2").with_suffix(suffix)
        written.write_text(_HEADER + written.read_text())


if __name__ == "__main__":
    generate()
