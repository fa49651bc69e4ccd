"""gpuyield itself: whether what the other boards show is fresh and whole, and what the telemetry costs."""

from __future__ import annotations

from analyzer.kpi.scope import Scope
from dashboards.panel import Board, Kind, Panel, Query, Section, Unit
from dashboards.queries import now, per_second
from exporters.canonical import ledger, serving, telemetry
from exporters.metric import Metric


def _by_kind(expr: str, combine: str) -> str:
    """A source that reads several devices says which after a slash."""
    return f'{combine} by (kind) (label_replace({expr}, "kind", "$1", "source", "([^/]+).*"))'


def _panel(
    kind: Kind, title: str, unit: Unit, means: str, good: str, needs: Metric, *queries: Query, width: int = 8
) -> Panel:
    return Panel(title, kind, unit, queries, means, good, (needs,), width=width)


def _build(scope: Scope) -> tuple[Section, ...]:
    lines, stat = Kind.LINES, Kind.STAT
    return (
        Section(
            "The ledger",
            (
                _panel(
                    stat,
                    "Age of the newest cell",
                    Unit.SECONDS,
                    "How long ago the newest five minutes ended that are in the totals.",
                    "Below 15 minutes; more means that publish is away or its store is.",
                    ledger.closed_cell_seconds,
                    Query(f"time() - {now(ledger.closed_cell_seconds, scope, combine='min')}", ""),
                    width=6,
                ),
                _panel(
                    lines,
                    "How much is known",
                    Unit.RATIO,
                    "Share of accelerator-seconds for which the price, the state, or (of working ones) the effective"
                    " ratio is known.",
                    "1. What lacks is in the bill and can be in no finding.",
                    ledger.coverage_ratio,
                    Query(now(ledger.coverage_ratio, scope, "signal", combine="min"), "{{signal}}"),
                    width=9,
                ),
                _panel(
                    lines,
                    "Open findings, dollars per hour",
                    Unit.DOLLARS,
                    "What the open findings cost, and what changes would save of it.",
                    "Falls.",
                    ledger.finding_dollars_per_hour,
                    Query(now(ledger.finding_dollars_per_hour, scope, "kind"), "{{kind}}"),
                    width=9,
                ),
            ),
        ),
        Section(
            "Sources",
            (
                _panel(
                    lines,
                    "Sources that do not answer",
                    Unit.COUNT,
                    "Sources that exist and whose last reading failed, by name.",
                    "0.",
                    telemetry.source_up,
                    Query(
                        _by_kind(f"1 - {now(telemetry.source_up, scope, 'source', 'instance', combine='min')}", "sum"),
                        "{{kind}}",
                    ),
                    width=12,
                ),
                _panel(
                    lines,
                    "Time that a reading takes",
                    Unit.SECONDS,
                    "The slowest reading of each source over all nodes.",
                    "Far below the interval.",
                    telemetry.source_duration_seconds,
                    Query(
                        _by_kind(now(telemetry.source_duration_seconds, scope, "source", combine="max"), "max"),
                        "{{kind}}",
                    ),
                    width=12,
                ),
                _panel(
                    lines,
                    "Age of what a source last said",
                    Unit.SECONDS,
                    "The oldest of each source over all nodes.",
                    "Below two intervals.",
                    telemetry.source_last_success_seconds,
                    Query(
                        "time() - "
                        + _by_kind(now(telemetry.source_last_success_seconds, scope, "source", combine="min"), "min"),
                        "{{kind}}",
                    ),
                    width=12,
                ),
                _panel(
                    lines,
                    "Targets that do not answer",
                    Unit.COUNT,
                    "Scraped targets whose last scrape failed, by job.",
                    "0.",
                    serving.target_up,
                    Query(
                        f"count by (job) ({now(serving.target_up, scope, 'job', 'instance', combine='max')} == 0)"
                        f" or 0 * {now(serving.target_up, scope, 'job')}",
                        "{{job}}",
                    ),
                    width=12,
                ),
            ),
        ),
        Section(
            "Sinks",
            (
                _panel(
                    lines,
                    "Samples by what became of them",
                    Unit.PER_SECOND,
                    "Samples handed to each sink in a second, by result.",
                    "Accepted, and nothing else.",
                    telemetry.sink_samples_total,
                    Query(per_second(telemetry.sink_samples_total, scope, "sink", "result"), "{{sink}} {{result}}"),
                ),
                _panel(
                    lines,
                    "What waits to be sent",
                    Unit.BYTES,
                    "In memory and on disk, by sink.",
                    "Near 0; a rise means that the sink's service refuses or is away.",
                    telemetry.sink_spooled_bytes,
                    Query(now(telemetry.sink_spooled_bytes, scope, "sink"), "{{sink}}"),
                ),
                _panel(
                    stat,
                    "Telemetry, per month",
                    Unit.DOLLARS,
                    "What the cloud's telemetry service charges for what the sinks send, at list prices.",
                    "Far below one idle accelerator.",
                    telemetry.telemetry_dollars_per_month,
                    Query(now(telemetry.telemetry_dollars_per_month, scope, "sink"), "{{sink}}"),
                ),
            ),
        ),
    )


board = Board(
    "gpuyield-itself",
    "gpuyield / gpuyield itself",
    "Whether what the other boards show is fresh and whole.",
    (),
    _build,
    since="now-6h",
)
