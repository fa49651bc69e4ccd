"""Operating points of replicas whose curve and latencies are known, as the ledger would give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.throughput.scalability import Law

START = 1_794_268_800  # 2026-11-10 00:00 UTC
TRUTH = Law(np.array(30.0), np.array(0.04), np.array(0.001))
BOUNDS = (0.1, 0.25, 0.5, 1.0, float("inf"))
TOKENS = 50.0  # of one request


def ttft_seconds(running: float) -> float:
    """The median time to first token at a load; single requests lie around it by 20 %."""
    return 0.02 * running


def points(hours: int = 24, seed: int = 1, replicas: float = 2.0, dollars: float | None = 8.0, **more: Any) -> pa.Table:
    """Five-minute cells whose load swings between 1 and 40 running per replica; `dollars` per replica-hour."""
    random = np.random.default_rng(seed)
    at = np.arange(hours * 12)
    running = more.pop(
        "running", 40 ** (0.5 - 0.5 * np.cos(2 * np.pi * at / 144)) * np.exp(random.normal(0, 0.1, len(at)))
    )
    running = np.broadcast_to(running, at.shape)
    tokens = TRUTH.throughput(running) * np.exp(random.normal(0, 0.05, len(at))) * 300 * replicas
    ttft = [
        np.exp(random.normal(np.log(ttft_seconds(n)), 0.2, int(t / TOKENS)))
        for n, t in zip(running, tokens, strict=True)
    ]
    columns: dict[str, Any] = {
        "start": pa.array((START + at * 300) * 1_000_000, pa.timestamp("us", "UTC")),
        "seconds": 300.0,
        "replicas": replicas,
        "running": running * replicas,
        "running_low": running * replicas,
        "running_high": running * replicas,
        "running_met": running,
        "waiting": 0.0,
        "generated_tokens": tokens,
        "requests": tokens / TOKENS,
        "dollars": pa.nulls(len(at), pa.float64()) if dollars is None else dollars * replicas / 12,
        "ttft": [[{"le": le, "count": float((one <= le).sum())} for le in BOUNDS] for one in ttft],
        **more,
    }
    for name in ("tpot", "itl", "e2e"):
        columns.setdefault(
            name, pa.nulls(len(at), pa.list_(pa.struct([("le", pa.float64()), ("count", pa.float64())])))
        )
    return pa.table(
        {name: np.full(len(at), value) if isinstance(value, float) else value for name, value in columns.items()}
    )
