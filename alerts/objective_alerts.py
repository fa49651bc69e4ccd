"""The pair of alerts that guards an objective: a page while its budget burns fast, a ticket while it burns slowly."""

from __future__ import annotations

from alerts.alarm import Composite, Untold
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import MODEL
from alerts.burn import FAST, SLOW, Objective


def burn_alerts(
    name: str, objective: Objective, says: str, *, fast: tuple[Case, ...], slow: tuple[Case, ...]
) -> tuple[Alert, Alert]:
    """`name` is what is too slow, as it stands in the alerts' names; `fast` and `slow` are what each is tried on."""
    limits = (objective.limit, "good_share_ratio", "least_samples")
    page = Alert(
        name=f"Gpuyield{name}BurnsFast",
        severity=Severity.PAGE,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says=says,
        why="2 % of the month's budget in an hour or 5 % in six hours, by the Site Reliability Workbook; the short"
        " window takes the place of a wait.",
        by=MODEL,
        limits=limits,
        expr=lambda scope, thresholds: objective.burning(FAST, scope, thresholds),
        lasts_seconds=lambda _: 0.0,
        needs=(objective.metric,),
        costs=Costs.MODEL,
        alarm=Composite({"1h": objective.alarm(14.4, 3600), "5m": objective.alarm(14.4, 300)}, "{1h} AND {5m}"),
        cases=fast,
    )
    ticket = Alert(
        name=f"Gpuyield{name}BurnsSlowly",
        severity=Severity.TICKET,
        owner=Owner.SERVING,
        board=Board.INFERENCE,
        says=says,
        why="10 % of the month's budget in three days, by the Site Reliability Workbook.",
        by=MODEL,
        limits=limits,
        expr=lambda scope, thresholds: objective.burning(SLOW, scope, thresholds),
        lasts_seconds=lambda _: 0.0,
        needs=(objective.metric,),
        costs=Costs.MODEL,
        alarm=Untold("a period is a day at the most, and the window is three"),
        cases=slow,
    )
    return page, ticket
