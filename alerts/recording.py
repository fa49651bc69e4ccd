"""Recording rules: every key figure of `analyzer/kpi`, once a minute, under its own name with the prefix `gpuyield:`.

Each reads what the cluster has, our own series or upstream ones, and keeps the cluster's label and those of the figure
(namespace and model, or none): a series for each model and cluster, whatever the number of devices.
"""

from __future__ import annotations

from typing import Any

from analyzer.kpi import kpis
from analyzer.kpi.kpi import Kpi
from analyzer.kpi.scope import Scope

GROUP = "gpuyield-key-figures"
# The published ledger moves once in five minutes; three cells make a rate that does not jump.
WINDOW = "15m"


def recorded_name(kpi: Kpi) -> str:
    """What a recorded figure is called."""
    return f"gpuyield:{kpi.name}"


def recording_rules(cluster: str = "cluster") -> dict[str, Any]:
    """A rule file's content. `cluster` is the label that tells clusters apart."""
    scope = Scope(window=WINDOW, cluster=cluster)
    rules = [{"record": recorded_name(kpi), "expr": kpi.promql(scope, ("cluster", *kpi.by))} for kpi in kpis().values()]
    return {"groups": [{"name": GROUP, "interval": "1m", "rules": rules}]}
