"""Prefill / decode pairs: a token counts once per serving group, prompt tokens where they were computed (DESIGN 6.5).

A decode pod counts the prompts that its prefill pod computed and sent over; a prefill pod generates one token per
request that the decode pod counts again. Which pod plays which part is said by its label llm-d.ai/role.
"""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.counters import increments
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.pods import Pods

PREFILL, DECODE = "prefill", "decode"
_IDENTITY = ("cluster", "namespace", "pod", "instance", "model", "engine")


def count_once(inputs: Inputs, pods: Pods) -> None:
    """Takes out of prompt_grown, prompt_cached_grown and generation_grown what the other half of a pair counts."""
    roles = [(pod.number, pod.role) for pod in pods.pods if pod.role in (PREFILL, DECODE)]
    if not roles:
        return
    table_of(
        inputs.db,
        "pod_role",
        {
            "pod": pa.array([number for number, _ in roles], pa.int32()),
            "role": pa.array([role for _, role in roles], pa.string()),
        },
    )
    _nothing(inputs, "generation", f"SELECT pod FROM pod_role WHERE role = '{PREFILL}'")
    increments(inputs, "transferred")
    same = " AND ".join(f"p.{label} = s.{label}" for label in _IDENTITY)
    for table in ("prompt", "prompt_cached"):
        # engines that do not tell where a prompt came from (vLLM before 0.16) got all of it sent over
        _nothing(
            inputs,
            table,
            f"SELECT pod FROM pod_role WHERE role = '{DECODE}' AND pod NOT IN (SELECT pod FROM transferred_pod)",
        )
        inputs.db.execute(
            f"""
            INSERT INTO {table}_grown BY NAME
            SELECT p.series, x.pod, x.page, x.t, x.before_t, x.cell, x.birth, false AS restarted, -x.amount AS amount
            FROM transferred_grown AS x JOIN transferred_series AS s USING (series) JOIN {table}_series AS p ON {same}
            WHERE x.pod IN (SELECT pod FROM pod_role WHERE role = '{DECODE}')
            """
        )


def _nothing(inputs: Inputs, table: str, pods: str) -> None:
    inputs.db.execute(
        f"UPDATE {table}_grown SET amount = 0 WHERE pod IN ({pods}); DELETE FROM {table}_hidden WHERE pod IN ({pods})"
    )
