"""H1: spend that nobody can judge, because a signal is missing or cannot be true.

What it means: for these dollars the ledger does not know the state, or not how well the devices were used; or all
devices of a node told 0 for the whole window while engines on it were at work, which is an exporter's fault and no
idleness.
What to do: what the finding says: run or scrape the exporter that is missing, enable the counters.
Before: profiling counters cannot be read while Nsight profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.advice.case import Case
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import Facts
from analyzer.advice.finding import Declined, Resource
from analyzer.advice.quoting import sql_is, sql_text
from analyzer.advice.rule import Rule
from analyzer.advice.settings import Settings, Where
from analyzer.advice.silent_devices import silent_nodes
from analyzer.advice.words import several
from analyzer.report.look import dollars, percent
from exporters.canonical import device, pods, serving

_NAMED = 2
_NOT_ASSESSED = "not assessed"
_UNASSESSED = "effective ratio"
_REMEDIES = {
    "device": "run a device exporter there and let Prometheus scrape it",
    "engine and device": "let Prometheus scrape the engine's /metrics and the node's device exporter",
    "kubernetes": "run kube-state-metrics",
    "pod labels": "let dcgm-exporter name the pods (DCGM_EXPORTER_KUBERNETES=true, honorLabels)",
    "store": "find out why nothing was scraped in that time",
    _UNASSESSED: "enable DCGM_FI_PROF_PIPE_TENSOR_ACTIVE and DCGM_FI_PROF_DRAM_ACTIVE, scraped as often as the engine",
}


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each missing signal that leaves more of the bill in the dark than may be, and one for liars."""
    limit = Limit.of(">=", "blind_spend_ratio", settings.at(Where(), rule.id))
    rows = facts.rows(
        f"""
        SELECT cluster, CASE WHEN state = 'unknown' THEN missing_signal ELSE '{_UNASSESSED}' END AS signal,
            sum(dollars), sum(seconds) / (SELECT sum(seconds) FROM ledger), list(DISTINCT node ORDER BY node)
        FROM ledger WHERE state IN ('unknown', 'active-unassessed') GROUP BY ALL ORDER BY 3 DESC NULLS LAST, 1, 2
        """
    )
    for cluster, signal, blind, of_time, names in rows:
        share = (blind or 0.0) / facts.bill_dollars if facts.bill_dollars else of_time
        if limit.holds(share):
            yield _case(facts, cluster, signal, blind, share, names, limit)
    for cluster, names in silent_nodes(facts).items():
        yield _silent(facts, cluster, names)


def _case(
    facts: Facts,
    cluster: str,
    signal: str,
    blind: float | None,
    share: float,
    names: Sequence[str],
    limit: Limit,
) -> Case:
    state = "state = 'active-unassessed'" if signal == _UNASSESSED else f"{sql_is('missing_signal', signal)}"
    measure = "dollars" if facts.bill_dollars else "seconds"
    amount = "spend of unknown price" if blind is None else dollars(blind)
    return Case(
        resource=Resource("signal", f"{signal} signal", "whoever runs the exporters", cluster=cluster, device=signal),
        headline=f"{amount} ({percent(share)} of the bill) could not be judged: no {signal} signal on {_named(names)}",
        remedy=_REMEDIES.get(signal, "let it be scraped"),
        evidence=(
            from_ledger(
                facts,
                "share of the bill that is in the dark",
                f"SELECT sum({measure}) FILTER ({state} AND {sql_is('cluster', cluster)}) / sum({measure}) FROM ledger",
                "ratio",
                limit,
            ),
        ),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=blind,
        no_saving=_NOT_ASSESSED,
        stake_dollars=blind,
    )


def _silent(facts: Facts, cluster: str, names: Sequence[str]) -> Case:
    where = f"{sql_is('cluster', cluster)} AND node IN ({', '.join(map(sql_text, names))})"
    spent = facts.number(f"SELECT sum(dollars) FROM ledger WHERE {where}")
    return Case(
        resource=Resource(
            "signal", "device signal of 0", "whoever runs the exporters", cluster=cluster, device="zeros"
        ),
        headline=f"all devices of {_named(names)} told 0 for the whole window while engines there were at work",
        remedy="the exporter or driver is at fault, and nothing is idle: restart dcgm-exporter, look for a profiler",
        evidence=(
            from_ledger(
                facts,
                "accelerator-hours at work beside zeros",
                f"SELECT sum(seconds) / 3600 FROM ledger WHERE {where} AND state LIKE 'active%'",
                "hours",
            ),
        ),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=spent,
        no_saving=_NOT_ASSESSED,
        stake_dollars=spent,
    )


def _named(names: Sequence[str]) -> str:
    known = [name for name in names if name]
    if not known:
        return "the whole cluster"
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return f"{several(len(known), 'node')} ({', '.join(known[:_NAMED])}{more})"


rule = Rule(
    id="H1",
    name="blind-spot",
    title="Spend that could not be judged",
    version=1,
    signals=(
        device.accelerator_info,
        device.busy_ratio,
        device.compute_active_ratio,
        device.memory_active_ratio,
        serving.requests_running,
        pods.requested,
    ),
    needs=(),
    thresholds=("blind_spend_ratio",),
    judge=judge,
)
