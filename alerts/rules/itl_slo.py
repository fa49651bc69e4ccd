"""Tokens come too slowly after the first, and the month's error budget burns.

What it means: more gaps between tokens than the SLO allows were longer than its limit.
What to do: see whether the batch grew (running requests), long prompts came in between (chunked prefill, a smaller
`--max-num-batched-tokens`), or requests were preempted (KV cache). More replicas or a smaller `--max-num-seqs` shorten
the gaps at a higher cost per token: `gpuyield tradeoff` shows both.
What it is not: a slow reader; the gap is between two outputs of the engine. The limit (`tpot_critical_seconds`) must be
a bound of the histogram's buckets.
"""

from __future__ import annotations

from alerts.alert import Case
from alerts.burn import Objective
from alerts.objective_alerts import burn_alerts
from exporters.canonical import serving

_OBJECTIVE = Objective(serving.inter_token_latency_seconds, "tpot_critical_seconds")
_SERIES = 'vllm:inter_token_latency_seconds_{}{{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"{}}}'
_COUNT = _SERIES.format("count", "")
_WITHIN = _SERIES.format("bucket", ', le="0.2"')
_SAYS = "{{ $value | humanizePercentage }} of the gaps between tokens of {{ $labels.namespace }}/{{ $labels.model }}"
_SAYS += " are too long"

alerts = burn_alerts(
    "Itl",
    _OBJECTIVE,
    _SAYS,
    fast=(
        Case("a third too long", {_COUNT: "0+600x120", _WITHIN: "0+400x120"}, "2h", 1),
        Case("one in two hundred", {_COUNT: "0+600x120", _WITHIN: "0+597x120"}, "2h", 0),
    ),
    slow=(
        Case("one in fifty for three days", {_COUNT: "0+10x4400", _WITHIN: "0+9.8x4400"}, "73h", 1),
        Case("one in two hundred", {_COUNT: "0+600x4400", _WITHIN: "0+597x4400"}, "73h", 0),
    ),
)
