"""gRPC, loaded when it is needed: nodes without a kubelet do without it."""

from __future__ import annotations

import os
from typing import Any


def grpc_library() -> Any:
    """The module `grpc`. Raises ImportError where it is not installed."""
    # Read once, at the import: else it writes a line of its own on stderr for each kubelet that restarts.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    import grpc

    return grpc
