"""Acknowledgements: what somebody has seen and wants left alone until a day.

acknowledgements:
  - {finding: A1-3f9c2b7a10, until: 2026-12-24, reason: launch week, by: ana}
  - {match: {rule: B1, namespace: research}, until: 2026-12-01, reason: paper deadline}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from analyzer.advice.finding import Acknowledgement, Resource
from analyzer.advice.settings import Match, Strict, Where, read_yaml


class Acknowledged(Strict, frozen=True, omit_defaults=True):
    """One entry: a finding by its id, or all that fit."""

    until: date
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    finding: str = ""
    match: Match | None = None
    by: str = ""

    def __post_init__(self) -> None:
        if bool(self.finding) == (self.match is not None):
            raise ValueError("an acknowledgement is of one finding or of a match")


class AcknowledgementsFile(Strict, frozen=True):
    acknowledgements: list[Acknowledged] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """What holds on a day. An entry that has ended counts no more."""

    entries: Sequence[Acknowledged] = ()

    def of(self, finding_id: str, rule: str, resource: Resource, today: date) -> Acknowledgement | None:
        """The one that ends last of those that concern a finding."""
        concerned = [one for one in self.entries if one.until >= today and _concerns(one, finding_id, rule, resource)]
        if not concerned:
            return None
        last = max(concerned, key=lambda one: one.until)
        return Acknowledgement(last.until.isoformat(), last.reason, last.by)


def read_acknowledgements(path: Path) -> Acknowledgements:
    """The entries of a YAML file."""
    return Acknowledgements(tuple(read_yaml(path, AcknowledgementsFile).acknowledgements))


def acknowledgements_yaml(entries: Sequence[Acknowledged]) -> str:
    """The file with these entries."""
    content = msgspec.to_builtins(AcknowledgementsFile(list(entries)))
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def where_of(resource: Resource) -> Where:
    """The resource as settings and acknowledgements match it."""
    return Where(
        resource.cluster,
        resource.nodepool,
        resource.node,
        resource.instance_type,
        resource.namespace,
        resource.team,
        resource.workload,
        resource.model,
    )


def _concerns(one: Acknowledged, finding_id: str, rule: str, resource: Resource) -> bool:
    return one.match.fits(where_of(resource), rule) if one.match else one.finding == finding_id
