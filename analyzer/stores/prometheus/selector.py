"""Which series are asked for: matchers, as PromQL and as remote read know them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How a label is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    MATCHES_NOT = "!~"


_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; the value is any text."""

    label: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        # A label outside the classic alphabet is quoted, which Prometheus 3 understands.
        label = self.label if _PLAIN_LABEL.fullmatch(self.label) else _quoted(self.label)
        return f"{label}{self.operator}{_quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """All conditions must hold."""

    matchers: tuple[Matcher, ...]

    @classmethod
    def of(cls, name: str, also: tuple[Matcher, ...] = ()) -> Selector:
        """One metric name and further conditions."""
        return cls((Matcher("__name__", Operator.EQUAL, name), *also))

    @property
    def promql(self) -> str:
        """An instant vector selector; the name stands in the braces, so that any name is legal."""
        return "{" + ",".join(str(matcher) for matcher in self.matchers) + "}"


def _quoted(text: str) -> str:
    # JSON's escapes are a subset of PromQL's; label values are untrusted.
    return json.dumps(text, ensure_ascii=False)
