"""What a query reads: which clusters, namespaces and models, over which range, and which names exist at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


def _any_name(name: str) -> bool:
    del name
    return True


@dataclass(frozen=True, slots=True)
class Scope:
    """`matchers` are regular expressions by canonical label; one for a label that a series lacks is left out.

    `window` stands in the brackets of rates. `has` says whether the store knows a name: what it does not know is left
    out of a query that would else ask for every name that the thing ever had. `cluster` is the label that tells
    clusters apart; queries that name it `cluster` mean this one.
    """

    matchers: Mapping[str, str] = field(default_factory=dict)
    window: str = "5m"
    has: Callable[[str], bool] = _any_name
    cluster: str = "cluster"

    def over(self, window: str) -> Scope:
        """The same, with rates over another range."""
        return replace(self, window=window)

    def only(self, *labels: str) -> Scope:
        """The same with the matchers of these labels alone."""
        return replace(self, matchers={label: text for label, text in self.matchers.items() if label in labels})
