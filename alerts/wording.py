"""What a message says around an alert: dollars, the board, the runbook."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from alerts.alert import Alert, Costs

_HOUR_RATE = "* 3600"
_PRICED: dict[Costs, tuple[str, tuple[str, ...], str]] = {
    Costs.NODE: (
        "max(gpuyield_node_price_dollars_per_hour{{{}}})",
        ("node",),
        "unknown, as no price of the node is told",
    ),
    Costs.MODEL: (
        f"sum(rate(gpuyield_ledger_dollars_total{{{{{{}}}}}}[15m])) {_HOUR_RATE}",
        ("namespace", "model"),
        "unknown, as gpuyield publish does not tell of it",
    ),
    Costs.RESERVATION: (
        "max(gpuyield_reservation_dollars_per_hour{{{}}})",
        ("reservation",),
        "unknown, as no price of the reservation is told",
    ),
}


@dataclass(frozen=True, slots=True)
class Links:
    """Where the runbooks and the boards are; without a server the paths alone."""

    runbooks: str = "docs/runbooks"
    grafana: str = ""

    def runbook(self, topic: str) -> str:
        return f"{self.runbooks.rstrip('/')}/{topic}.md"

    def board(self, alert: Alert) -> str:
        return f"{self.grafana.rstrip('/')}/d/{alert.board}"


def headline(topic: str) -> str:
    """The first sentence of a runbook."""
    return docstring(topic).partition("\n\n")[0].replace("\n", " ")


def docstring(topic: str) -> str:
    """The runbook of a file of rules."""
    return (sys.modules[f"alerts.rules.{topic}"].__doc__ or "").strip()


def dollars(alert: Alert, cluster: str) -> str:
    """A template of Prometheus that gives dollars per hour, or why there are none; empty where money says nothing."""
    if alert.costs is Costs.VALUE:
        return '${{ $value | printf "%.2f" }}/h'
    if alert.costs not in _PRICED:
        return ""
    query, labels, unknown = _PRICED[alert.costs]
    labels = (cluster, *labels)
    matchers = ", ".join(f'{label}="%s"' for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    asked = f"printf `{query.format(matchers)}` {values} | query"
    return f'{{{{ with {asked} }}}}${{{{ . | first | value | printf "%.2f" }}}}/h{{{{ else }}}}{unknown}{{{{ end }}}}'
