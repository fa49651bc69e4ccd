"""An engine sleeps and its pod still holds the accelerators.

What it means: somebody put it to sleep (vLLM's `/sleep`), so it serves nothing; a sleeping engine wakes in seconds, but
its node is paid whole.
What to do: scale the deployment to zero when the pause is longer than a cold start is dear, or let another model use
the card meanwhile.
What it is not: an engine that is awake and has nothing to do: see GpuyieldIdleHeld.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import ENGINE, HOUR, largest
from exporters.canonical import serving

_AWAKE = (
    'vllm:engine_sleep_state{cluster="prod", namespace="chat", pod="llama-0", model_name="llama", sleep_state="awake"}'
)

alerts = (
    Alert(
        name="GpuyieldAsleepPaid",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says="{{ $labels.namespace }}/{{ $labels.pod }} sleeps on paid accelerators",
        why="From an hour on a held device without work is a finding too.",
        by=ENGINE,
        limits=("idle_device_hours",),
        expr=lambda scope, _: f"{largest(serving.engine_awake, scope, ENGINE)} == 0",
        lasts_seconds=lambda thresholds: thresholds.idle_device_hours * HOUR,
        needs=(serving.engine_awake,),
        costs=Costs.MODEL,
        alarm=Alarm(
            stats={"awake": Stat(serving.engine_awake, "Minimum")},
            above=lambda _: 1.0,
            is_below=True,
            lasts_seconds=lambda thresholds: thresholds.idle_device_hours * HOUR,
            lost="which engine; several that sleep in turn look like one",
        ),
        cases=(
            Case("two hours", {_AWAKE: "1x10 0x130"}, "2h", 1),
            Case("awake", {_AWAKE: "1x140"}, "2h", 0),
            Case("a nap of half an hour", {_AWAKE: "1x60 0x30 1x60"}, "2h", 0),
        ),
    ),
)
