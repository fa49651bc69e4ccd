"""How much of a model's dollars is for reading prompts and how much for writing answers, by named methods.

No method is the truth: decode seconds overlap in a batch, tokens differ in what they cost. They stand side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.ledger.counters import increments
from analyzer.ledger.inputs import has
from analyzer.ledger.ledger import Ledger

BY_REQUEST_SECONDS, BY_TOKENS = "request seconds", "tokens"


@dataclass(frozen=True, slots=True)
class Split:
    """The share of the input under one method, 0 to 1; the rest is the output's."""

    method: str
    input_share: float


def splits(
    prefill_seconds: float | None, decode_seconds: float | None, computed: float | None, generated: float | None
) -> list[Split]:
    """What the methods say of prompt tokens that were `computed` (no cache had them) and tokens `generated`; a method
    that lacks a part says nothing."""
    found = []
    if prefill_seconds is not None and decode_seconds is not None and prefill_seconds + decode_seconds > 0:
        found.append(Split(BY_REQUEST_SECONDS, prefill_seconds / (prefill_seconds + decode_seconds)))
    if computed is not None and generated is not None and computed + generated > 0:
        found.append(Split(BY_TOKENS, computed / (computed + generated)))
    return found


def request_seconds(ledger: Ledger) -> dict[tuple[str, str], tuple[float, float]]:
    """(prefill, decode) seconds of requests by (namespace, model); engines that do not tell both are missing."""
    if not all(has(ledger.inputs, f"{phase}_sum") for phase in ("prefill", "decode")):
        return {}
    for phase in ("prefill", "decode"):
        increments(ledger.inputs, f"{phase}_sum")
    union = " UNION ALL ".join(
        f"""
        SELECT p.namespace, s.model, '{phase}' AS phase, g.amount FROM {phase}_sum_grown AS g
        JOIN {phase}_sum_series AS s USING (series) JOIN pod AS p ON p.pod = g.pod
        """
        for phase in ("prefill", "decode")
    )
    rows = ledger.inputs.db.execute(
        f"""
        SELECT namespace, model, sum(amount) FILTER (phase = 'prefill'), sum(amount) FILTER (phase = 'decode')
        FROM ({union}) GROUP BY ALL
        """
    ).fetchall()
    return {
        (namespace, model): (prefill, decode)
        for namespace, model, prefill, decode in rows
        if prefill is not None and decode is not None
    }
