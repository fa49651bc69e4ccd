"""B1: devices that a pod holds and does nothing with.

What it means: all devices of a Ready pod did nothing for an hour or more, by their counters and by their power.
What to do: scale the owner to zero; let notebooks be culled; give jobs `activeDeadlineSeconds`.
What it is not: a pod that is starting or compiling, the standby of a pair of which the other works, a device that draws
the power of work though its counters read nothing (another profiler may have paused them), several devices that all
tell exactly 0 while nothing tells their power (H1), a model that waits for requests (B2).
A long CPU stage looks the same: ask for the job's progress. Notebooks in working hours: name them in `leave_alone`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.advice.case import BUSY_ONLY, DIRECT, SHARED_DEVICE, Case, Lot, Release, total
from analyzer.advice.evidence import Limit, from_ledger, from_series
from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.facts_activity import Peak, all_zero, idle_watts, peaks
from analyzer.advice.facts_idle import IdlePod, dollars_of, idle_pods, idle_sql
from analyzer.advice.facts_workloads import cost_of, resource_of, rows_of, shared_rows, where_of
from analyzer.advice.finding import Declined, Evidence, Verify
from analyzer.advice.quoting import promql_any, promql_text
from analyzer.advice.rule import Rule, declined
from analyzer.advice.settings import Settings
from analyzer.advice.thresholds import Thresholds
from analyzer.advice.words import dollars_per_week, hours, several
from exporters.canonical import device, pods

_WAIT_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class _Idle:
    holder: HolderFacts
    pods: list[IdlePod]
    peaks: list[Peak]
    limit: Limit
    dollars: dict[Lot, float | None]


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each workload without an engine that held devices idle."""
    for holder in facts.holders:
        thresholds = settings.at(where_of(holder), rule.id)
        limit = Limit.of(">=", "idle_device_hours", thresholds)
        found = [] if holder.model else idle_pods(facts, holder, limit.value, thresholds.idle_grace_seconds)
        if not found:
            continue
        told = [
            peak
            for one in found
            for start, end in one.spells
            for peak in peaks(facts, holder, start, end)
            if peak.pod == one.pod
        ]
        dollars = dollars_of(facts, holder, found)
        if why := _not_idle(facts, holder, found, told, thresholds):
            yield declined(rule, why, holder.name, total(dollars))
        else:
            yield _case(facts, _Idle(holder, found, told, limit, dollars), thresholds)


def _not_idle(
    facts: Facts, holder: HolderFacts, found: Sequence[IdlePod], told: list[Peak], thresholds: Thresholds
) -> str:
    """Why idle devices are no waste; empty text where they are."""
    working = holder.pods - len({one.pod for one in found})
    if 0 < working and holder.pods <= thresholds.least_replicas:
        return f"{len(found)} of its {holder.pods} pods stands by while the other works"
    if strongest := next((one for one in told if (one.watts or 0.0) > idle_watts(one, thresholds)[1]), None):
        return f"{strongest.device} drew {strongest.watts:.0f} W though its counters tell of no work"
    if busiest := next((one for one in told if (one.activity or 0.0) > thresholds.idle_activity_ratio), None):
        return f"{busiest.device} was active for {busiest.activity:.1%} at its peak"
    if all_zero(told):
        return f"{len(told)} devices told exactly 0 and nothing tells their power: a broken exporter looks the same"
    return ""


def _case(facts: Facts, idle: _Idle, thresholds: Thresholds) -> Case:
    holder, names = idle.holder, {one.pod for one in idle.pods}
    devices = sum(one.devices for one in idle.pods)
    spell = max(one.longest_hours for one in idle.pods)
    saved = dollars_per_week(total(idle.dollars), facts)
    return Case(
        resource=resource_of(holder),
        headline=f"{holder.name} ({resource_of(holder).owner}) held {several(devices, 'device')}"
        f" ({', '.join(holder.instance_types)}) idle for {hours(spell)} on end",
        remedy=f"scale it to zero while nothing runs, or ask for its progress: {several(len(names), 'pod')}, {saved}",
        evidence=_evidence(facts, idle, thresholds),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=cost_of(holder),
        wasted=idle.dollars,
        releases=tuple(
            Release(holder.cluster, holder.namespace, holder.workload, pods=1, hours=one.hours) for one in idle.pods
        ),
        samples=sum(one.samples for one in idle.peaks),
        coverage=facts.coverage(rows_of(holder)),
        signal_quality=DIRECT if all(one.is_direct for one in idle.peaks) else BUSY_ONLY,
        attribution=SHARED_DEVICE if shared_rows(facts, holder) else 1.0,
        doubts=("a long stage on the CPU looks the same",),
        risk="medium",
        risk_reasons=("what its pods keep in memory is lost",),
        verify=_verify(holder, names),
    )


def _evidence(facts: Facts, idle: _Idle, thresholds: Thresholds) -> tuple[Evidence, ...]:
    longest = f"SELECT max(end_s - start_s) / 3600 FROM ({idle_sql(rows_of(idle.holder), 'pod')})"
    labels = (
        f"namespace={promql_text(idle.holder.namespace)}, pod=~{promql_any(sorted({one.pod for one in idle.pods}))}"
    )
    query = f"max(max_over_time(DCGM_FI_PROF_GR_ENGINE_ACTIVE{{{labels}}}[1h]))"
    activity = max((one.activity for one in idle.peaks if one.activity is not None), default=None)
    found = [
        from_ledger(facts, "longest idle time of a pod", longest, limit=idle.limit),
        from_series(
            "peak activity meanwhile",
            query,
            activity,
            facts.answered(device.compute_active_ratio) or facts.answered(device.busy_ratio),
            limit=Limit.of("<=", "idle_activity_ratio", thresholds),
        ),
    ]
    if strongest := max((one for one in idle.peaks if one.watts is not None), key=lambda one: one.watts or 0, default=None):
        name, watts = idle_watts(strongest, thresholds)
        query = f"max(max_over_time(DCGM_FI_DEV_POWER_USAGE{{{labels}}}[1h]))"
        source = facts.answered(device.power_watts)
        found.append(from_series("peak power meanwhile", query, strongest.watts, source, limit=Limit("<=", name, watts)))
    return tuple(found)


def _verify(holder: HolderFacts, names: set[str]) -> Verify:
    labels = f'namespace={promql_text(holder.namespace)}, pod=~{promql_any(sorted(names))}, phase="Running"'
    return Verify(f"sum(kube_pod_status_phase{{{labels}}}) or vector(0)", "promql", _WAIT_SECONDS, "0: no pod runs idle")


rule = Rule(
    id="B1",
    name="idle-held-device",
    title="Devices held and not used",
    version=1,
    signals=(
        pods.requested,
        pods.ready,
        device.compute_active_ratio,
        device.memory_active_ratio,
        device.busy_ratio,
        device.power_watts,
    ),
    needs=(pods.requested,),
    thresholds=(
        "idle_device_hours",
        "idle_activity_ratio",
        "idle_power_watts",
        "idle_power_watts_a10g",
        "idle_grace_seconds",
        "least_replicas",
    ),
    judge=judge,
    remedy="run dcgm-exporter or gpuyield's node agent, so that work can be told from holding",
)
