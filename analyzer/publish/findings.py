"""What the open findings of the advisor cost in an hour, by rule: told beside the ledger, for boards and alarms."""

from __future__ import annotations

from collections import defaultdict

from analyzer.advice.advise import advice_of
from analyzer.ledger.ledger import Ledger
from analyzer.publish.amounts import Key
from exporters.canonical.ledger import finding_dollars_per_hour

EVERY_SECONDS = 3_600.0


def finding_rates(ledger: Ledger) -> dict[Key, float]:
    """By cluster, namespace, rule and kind; a rate that is not known is not told."""
    found: dict[Key, float] = defaultdict(float)
    for one in advice_of(ledger).findings:
        if one.status != "open":
            continue
        where = finding_dollars_per_hour.name, one.resource.cluster, one.resource.namespace, one.rule
        for kind, saved in (("attributed", one.saving_attributed), ("realisable", one.saving_realisable)):
            if saved.dollars_per_hour is not None:
                found[*where, kind] += saved.dollars_per_hour
    return dict(found)
