"""First tokens come too late, and the month's error budget burns.

What it means: more requests than the SLO allows waited longer for their first token than its limit. A page burns the
budget of 30 days in two to five days, a ticket in a month.
What to do: on the Inference board see whether the queue or the prefill lasts. A queue wants replicas (KEDA on waiting
requests), long prompts want chunked prefill, prefix caching or prefill apart from decode. After a deploy, roll back.
What it is not: slow clients; the time is counted inside the server. The limit (`ttft_p95_critical_seconds`) must be a
bound of the histogram's buckets: where it is none, GpuyieldTtftLimitUnmeasured says so.
"""

from __future__ import annotations

from alerts.alarm import Untold
from alerts.alert import Alert, Board, Case, Owner, Severity
from alerts.asking import MODEL
from alerts.burn import Objective
from alerts.objective_alerts import burn_alerts
from exporters.canonical import serving

_OBJECTIVE = Objective(serving.time_to_first_token_seconds, "ttft_p95_critical_seconds")
_SERIES = 'vllm:time_to_first_token_seconds_{}{{cluster="prod", namespace="chat", pod="llama-0", model_name="llama"{}}}'
_COUNT = _SERIES.format("count", "")
_WITHIN = _SERIES.format("bucket", ', le="1.0"')
_OTHER = _SERIES.format("bucket", ', le="2.5"')
_SAYS = "{{ $value | humanizePercentage }} of the first tokens of {{ $labels.namespace }}/{{ $labels.model }} are late"

alerts = (
    *burn_alerts(
        "Ttft",
        _OBJECTIVE,
        _SAYS,
        fast=(
            Case("a third late for an hour", {_COUNT: "0+60x120", _WITHIN: "0+40x120"}, "2h", 1),
            Case("a twelfth late for seven hours", {_COUNT: "0+120x500", _WITHIN: "0+110x500"}, "8h", 1),
            Case("one in two hundred late", {_COUNT: "0+200x120", _WITHIN: "0+199x120"}, "2h", 0),
            Case("late an hour ago, fine now", {_COUNT: "0+60x120", _WITHIN: "0+30x80 2400+60x40"}, "2h", 0),
            Case("three requests, one late", {_COUNT: "0x100 1 2 3 3x20", _WITHIN: "0x100 1 2 2 2x20"}, "104m", 0),
        ),
        slow=(
            Case("one in fifty late for three days", {_COUNT: "0+10x4400", _WITHIN: "0+9.8x4400"}, "73h", 1),
            Case("one in two hundred late", {_COUNT: "0+200x4400", _WITHIN: "0+199x4400"}, "73h", 0),
        ),
    ),
    Alert(
        name="GpuyieldTtftLimitUnmeasured",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says="the SLO of first tokens of {{ $labels.namespace }}/{{ $labels.model }} cannot be judged: its limit is no"
        " bound of a bucket",
        why="An hour, so that a server that just started has told its buckets.",
        by=MODEL,
        limits=("ttft_p95_critical_seconds",),
        expr=_OBJECTIVE.unmeasured,
        lasts_seconds=lambda _: 3600.0,
        needs=(serving.time_to_first_token_seconds,),
        alarm=Untold("CloudWatch gets values, not buckets: every limit can be judged there"),
        cases=(
            Case("other bounds", {_COUNT: "0+60x120", _OTHER: "0+40x120"}, "2h", 1),
            Case("the bound is there", {_COUNT: "0+60x120", _WITHIN: "0+40x120"}, "2h", 0),
        ),
    ),
)
