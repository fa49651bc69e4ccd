"""Requests of a model end badly: aborted or failed. Their tokens were paid and helped nobody.

What it means: of the requests that finished in an hour, more than the share ended as abort or error.
What to do: aborts are clients that gave up (compare their time-out with the time to first token and the queue) or a
gateway that cuts long answers. Errors are in the engine's log. Shed load early at the gateway rather than late.
What it is not: people who stop an answer in a chat on purpose; raise `abort_ratio` for such a model. An hour with few
requests proves nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import MINUTE, MODEL, labels, summed
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import serving

_FINISHED = serving.requests_finished_total
_SERIES = (
    'vllm:request_success_total{{cluster="prod", namespace="chat", pod="llama-0", model_name="llama",'
    ' finished_reason="{}"}}'
)
_STOP, _ABORT, _ERROR = (_SERIES.format(reason) for reason in ("stop", "abort", "error"))


def _over(limit: str) -> Callable[[Scope, Thresholds], str]:
    def expr(scope: Scope, thresholds: Thresholds) -> str:
        on, line = labels(scope, MODEL), f"{getattr(thresholds, limit):g}"
        long, short = (_share(scope.over(window)) for window in ("1h", "15m"))
        enough = f"{summed(_FINISHED, scope.over('1h'), MODEL, 'increase')} >= {thresholds.least_samples:g}"
        return f"{long} > {line} and on ({on}) {short} > {line} and on ({on}) {enough}"

    return expr


def _share(scope: Scope) -> str:
    bad = summed(_FINISHED, scope, MODEL, "rate", reason="abort|error")
    return f"{bad} / ({summed(_FINISHED, scope, MODEL, 'rate')} > 0)"


def _alert(name: str, severity: Severity, limit: str, cases: tuple[Case, ...]) -> Alert:
    return Alert(
        name=name,
        severity=severity,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says="{{ $value | humanizePercentage }} of the requests to {{ $labels.namespace }}/{{ $labels.model }} were"
        " aborted or failed",
        why="The AWS starter kit warns from 1 % and calls 5 % critical; an hour has enough requests to say so, a"
        " quarter of an hour ends the alert soon.",
        by=MODEL,
        limits=(limit, "least_samples"),
        expr=_over(limit),
        lasts_seconds=lambda _: 5 * MINUTE,
        needs=(_FINISHED,),
        costs=Costs.MODEL,
        alarm=Alarm(
            stats={
                "aborted": Stat(_FINISHED, "Sum", {"reason": "abort"}),
                "failed": Stat(_FINISHED, "Sum", {"reason": "error"}),
                "stopped": Stat(_FINISHED, "Sum", {"reason": "stop"}),
                "cut": Stat(_FINISHED, "Sum", {"reason": "length"}),
            },
            expression="(FILL(aborted, 0) + FILL(failed, 0))"
            " / (FILL(aborted, 0) + FILL(failed, 0) + FILL(stopped, 0) + FILL(cut, 0))",
            above=lambda thresholds: float(getattr(thresholds, limit)),
            lasts_seconds=lambda _: 60 * MINUTE,
            period_seconds=900,
            lost="which model; an hour with few requests is not left out",
        ),
        cases=cases,
    )


alerts = (
    _alert(
        "GpuyieldBadEndingsMany",
        Severity.PAGE,
        "abort_critical_ratio",
        (
            Case("a fifth failed", {_STOP: "0+80x120", _ERROR: "0+20x120"}, "2h", 1),
            Case("one in fifty aborted", {_STOP: "0+98x120", _ABORT: "0+2x120"}, "2h", 0),
        ),
    ),
    _alert(
        "GpuyieldBadEndings",
        Severity.TICKET,
        "abort_ratio",
        (
            Case("one in thirty aborted", {_STOP: "0+97x120", _ABORT: "0+3x120"}, "2h", 1),
            Case("one in five hundred", {_STOP: "0+499x120", _ABORT: "0+1x120"}, "2h", 0),
            Case("two of three, in a quiet hour", {_STOP: "0x60 1x60", _ABORT: "0x60 2x60"}, "63m", 0),
        ),
    ),
)
