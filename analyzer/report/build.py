"""Makes the report of a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from analyzer.advice.finding import Advice, rate
from analyzer.ledger.joins import join_warnings
from analyzer.ledger.ledger import Ledger
from analyzer.ledger.nodes import Node
from analyzer.ledger.priced import priced
from analyzer.ledger.reserved import uncounted
from analyzer.ledger.states import RESERVED_UNLAUNCHED, STATES
from analyzer.operating_points.points import points_of
from analyzer.pricing.path import constant
from analyzer.report.accounts import failed, hosts, starts, worked_jobs
from analyzer.report.bill import bill_of, node_figure, price_names
from analyzer.report.kpis import kpis
from analyzer.report.lifetimes import lifetime_warnings
from analyzer.report.model import (
    SCHEMA_VERSION,
    BlindSpot,
    Figure,
    IdleHolder,
    JoinPart,
    NodeLine,
    Report,
    SavingsPart,
    StateLine,
    Team,
    WindowPart,
)
from analyzer.report.price_warnings import price_warnings
from analyzer.report.serving import models
from analyzer.report.tradeoffs import tradeoffs
from analyzer.report.yields import yields
from analyzer.tradeoff.subject import subjects
from analyzer.window import CELL_SECONDS, rfc3339

_IDLE_SHOWN = 3
_NO_RULES = rate(None, "no rule was asked")
_REMEDIES = {
    "device": "run a device exporter (dcgm-exporter) on the node and let Prometheus scrape it",
    "engine and device": "let Prometheus scrape the engine's /metrics and the node's device exporter",
    "kubernetes": "run kube-state-metrics, so that free devices can be told from held ones",
    "pod labels": "let dcgm-exporter name the pods of its devices (DCGM_EXPORTER_KUBERNETES=true)",
    "store": "nothing was scraped in that time: find out why Prometheus (or the recorder) was away",
    "effective ratio": "scrape dcgm-exporter as often as the engine, with DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"
    " and DCGM_FI_PROF_DRAM_ACTIVE enabled",
    "price": "give its price in a rate card (--prices FILE); where its instance type is unknown, name that in a nodes"
    " file (--nodes FILE)",
    "reservation price": "give what one instance of the reservation costs for an hour, in a rate card (--prices FILE)",
    "reservation accelerators": "let a node of this type run under a device plugin once, or upgrade gpuyield",
}


def build_report(
    ledger: Ledger,
    sources: list[str],
    remarks: Sequence[str] = (),
    now: datetime | None = None,
    advice: Advice | None = None,
) -> Report:
    """All figures of one ledger. `sources` name where the samples came from, `remarks` say how they were read. Without
    `advice` no rule was asked, and there are no findings."""
    ledger.inputs.db.register("ledger_rows", ledger.rows)
    served = models(ledger)
    return Report(
        schema_version=SCHEMA_VERSION,
        generated_at=(now or datetime.now(UTC)).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        window=WindowPart(rfc3339(ledger.window.start), rfc3339(ledger.window.end), CELL_SECONDS),
        sources=[*sources, *sorted(ledger.inputs.producers)],
        bill=bill_of(ledger),
        ledger=_states(ledger),
        kpis=kpis(ledger, served),
        models=served,
        teams=_teams(ledger),
        nodes=[_node(node) for node in ledger.nodes],
        cpu_nodes=[_node(node) for node in ledger.cpu_nodes],
        idle_holders=_idle_holders(ledger),
        yields=yields(points_of(ledger)),
        tradeoffs=tradeoffs(subjects(ledger), ledger.options.slo, None, price_names(ledger)),
        starts=starts(ledger),
        failed_nodes=failed(ledger),
        unused_hosts=hosts(ledger),
        jobs=worked_jobs(ledger),
        joins=[JoinPart(one.subject, one.total, one.total - one.unmatched, one.by_way) for one in ledger.joins],
        findings=advice.findings if advice else [],
        declined=advice.declined if advice else [],
        rules=advice.checked if advice else [],
        savings=SavingsPart(advice.attributed, advice.realisable) if advice else SavingsPart(_NO_RULES, _NO_RULES),
        blind_spots=_blind_spots(ledger),
        warnings=[*remarks, *_warnings(ledger)],
    )


def _states(ledger: Ledger) -> list[StateLine]:
    rows = ledger.inputs.db.execute(
        "SELECT state, fsum(seconds), coalesce(fsum(dollars), 0) FROM ledger_rows GROUP BY state"
    ).fetchall()
    lines = {state: StateLine(state, seconds, dollars) for state, seconds, dollars in rows if seconds > 0}
    return [lines[state] for state in STATES if state in lines]


def _teams(ledger: Ledger) -> list[Team]:
    rows = ledger.inputs.db.execute(
        """
        SELECT team, sum(seconds), sum(dollars), bool_and(dollars IS NOT NULL) FROM ledger_rows WHERE pod <> ''
        GROUP BY team ORDER BY 3 DESC, 1
        """
    ).fetchall()
    return [
        Team(
            team,
            seconds,
            Figure(dollars, 1.0, price_names(ledger)) if priced else Figure(None, 0.0, [], reason="a price is unknown"),
        )
        for team, seconds, dollars, priced in rows
    ]


def _node(node: Node) -> NodeLine:
    return NodeLine(node.name, node.shape.instance_type, node.shape.capacity_type, node.seconds, node_figure(node))


def _idle_holders(ledger: Ledger) -> list[IdleHolder]:
    rows = ledger.inputs.db.execute(
        f"""
        SELECT namespace, workload, sum(seconds), coalesce(sum(dollars), 0) FROM ledger_rows WHERE state = 'held-idle'
        GROUP BY namespace, workload ORDER BY 4 DESC, 3 DESC, 1, 2 LIMIT {_IDLE_SHOWN}
        """
    ).fetchall()
    return [IdleHolder(*row) for row in rows]


def _blind_spots(ledger: Ledger) -> list[BlindSpot]:
    rows = ledger.inputs.db.execute(
        """
        SELECT missing_signal, CASE WHEN missing_signal = 'store' THEN 'cluster' ELSE 'node' END,
            CASE WHEN missing_signal = 'store' THEN cluster ELSE node END, sum(dollars), sum(seconds)
        FROM ledger_rows WHERE state = 'unknown' GROUP BY ALL
        UNION ALL
        SELECT 'effective ratio', 'node', node, sum(dollars), sum(seconds)
        FROM ledger_rows WHERE state = 'active-unassessed' GROUP BY ALL
        UNION ALL
        SELECT 'price', 'node', node, NULL, sum(seconds)
        FROM ledger_rows WHERE dollars IS NULL AND state <> $1 GROUP BY ALL
        UNION ALL
        SELECT 'reservation price', 'instance type', instance_type, NULL, sum(seconds)
        FROM ledger_rows WHERE dollars IS NULL AND state = $1 GROUP BY ALL
        ORDER BY 4 DESC NULLS LAST, 5 DESC, 3
        """,
        [RESERVED_UNLAUNCHED],
    ).fetchall()
    told = [
        BlindSpot(signal, kind, subject or "this cluster", dollars, seconds, _REMEDIES[signal])
        for signal, kind, subject, dollars, seconds in rows
    ]
    return told + _uncounted(ledger)


def _uncounted(ledger: Ledger) -> list[BlindSpot]:
    """Reservations of types whose accelerators nobody can count, with what they cost in the window."""
    signal, window = "reservation accelerators", ledger.window
    return [
        BlindSpot(signal, "reservation", one.id, cost.dollars, 0.0, _REMEDIES[signal])
        for one in uncounted(ledger.reservations, ledger.nodes, ledger.devices, window)
        for cost in [priced(constant(one.price), max(one.start, window.start), min(one.end, window.end), one.count)]
    ]


def _warnings(ledger: Ledger) -> list[str]:
    said = price_warnings(ledger)
    said += join_warnings(ledger)
    restarts, seconds = ledger.inputs.db.execute(
        "SELECT count(*), coalesce(sum(hidden_seconds), 0) FROM generation_hidden WHERE most > 0"
    ).fetchall()[0]
    if restarts:
        said.append(f"{restarts} engine restarts under load hide the work of at most {seconds:.0f} s")
    return said + lifetime_warnings(ledger)
