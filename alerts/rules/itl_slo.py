"""Tokens come too slowly after the first, and the month's error budget burns.

What it means: more gaps between tokens than the SLO allows were longer than its limit.
What to do: see whether the batch grew (running requests), long prompts came in between (chunked prefill, a smaller
`--max-num-batched-tokens`), or requests were preempted (KV cache). More replicas or a smaller `--max-num-seqs` shorten
the gaps at a higher cost per token: `gpuyield tradeoff` shows both.
What it is not: a slow reader; the gap is between two outputs of the engine. The limit (`tpot_critical_seconds`) must be
a bound of the histogram's buckets.
"""

from __future__ import annotations

from alerts.alarm import Composite, Untold
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import MODEL
from alerts.burn import FAST, SLOW, Objective
from exporters.canonical import serving

_OBJECTIVE = Objective(serving.inter_token_latency_seconds, "tpot_critical_seconds")
_LIMITS = ("tpot_critical_seconds", "good_share_ratio", "least_samples")
_SERIES = 'vllm:inter_token_latency_seconds_{}{{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"{}}}'
_COUNT = _SERIES.format("count", "")
_WITHIN = _SERIES.format("bucket", ', le="0.2"')
_SAYS = "{{ $value | humanizePercentage }} of the gaps between tokens of {{ $labels.namespace }}/{{ $labels.model }}"
_SAYS += " are too long"

alerts = (
    Alert(
        name="GpuyieldItlBurnsFast",
        severity=Severity.PAGE,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says=_SAYS,
        why="2 % of the month's budget in an hour or 5 % in six hours, by the Site Reliability Workbook; the short"
        " window takes the place of a wait.",
        by=MODEL,
        limits=_LIMITS,
        expr=lambda scope, thresholds: _OBJECTIVE.burning(FAST, scope, thresholds),
        lasts_seconds=lambda _: 0.0,
        needs=(serving.inter_token_latency_seconds,),
        costs=Costs.MODEL,
        alarm=Composite(
            {"1h": _OBJECTIVE.alarm(14.4, 3600), "5m": _OBJECTIVE.alarm(14.4, 300)},
            "{1h} AND {5m}",
        ),
        cases=(
            Case("a third too long", {_COUNT: "0+600x120", _WITHIN: "0+400x120"}, "2h", 1),
            Case("one in two hundred", {_COUNT: "0+600x120", _WITHIN: "0+597x120"}, "2h", 0),
        ),
    ),
    Alert(
        name="GpuyieldItlBurnsSlowly",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says=_SAYS,
        why="10 % of the month's budget in three days, by the Site Reliability Workbook.",
        by=MODEL,
        limits=_LIMITS,
        expr=lambda scope, thresholds: _OBJECTIVE.burning(SLOW, scope, thresholds),
        lasts_seconds=lambda _: 0.0,
        needs=(serving.inter_token_latency_seconds,),
        costs=Costs.MODEL,
        alarm=Untold("a period is a day at the most, and the window is three"),
        cases=(
            Case("one in fifty for three days", {_COUNT: "0+10x4400", _WITHIN: "0+9.8x4400"}, "73h", 1),
            Case("one in two hundred", {_COUNT: "0+600x4400", _WITHIN: "0+597x4400"}, "73h", 0),
        ),
    ),
)
