"""The nouns of a board, whatever draws it: queries, panels, sections, boards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from analyzer.kpi.scope import Scope
from exporters.metric import Metric

NEUTRAL = "#4C8DD6"  # numbers that are neither a state nor money
WIDTH = 24


class Kind(StrEnum):
    """How a panel is drawn."""

    LINES = "lines"
    STACK = "stack"
    STAT = "stat"
    BARS = "bars"
    TABLE = "table"
    POINTS = "points"
    STRIPS = "strips"  # one row for each thing, coloured by value over time
    TEXT = "text"


class Unit(StrEnum):
    """What is counted, with ratios 0 to 1."""

    DOLLARS = "dollars"
    RATIO = "ratio"
    SECONDS = "seconds"
    TOKENS_PER_SECOND = "tokens per second"
    TOKENS = "tokens"
    TOKENS_PER_DOLLAR = "tokens per dollar"
    JOULES = "joules"
    WATTS = "watts"
    CELSIUS = "celsius"
    HERTZ = "hertz"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes per second"
    FLOPS = "flops"
    PER_SECOND = "per second"
    COUNT = "count"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression. `legend` is Grafana's: `{{label}}` stands for a value; in a table, the column's head."""

    expr: str
    legend: str
    colour: str | None = None
    dashed: bool = False
    is_instant: bool = False
    unit: Unit | None = None  # where it is not the panel's
    band_to: str = ""  # fill down to the series of this legend


@dataclass(frozen=True, slots=True)
class Panel:
    """`means` says what is seen, `good` what one should hope to see, `needs` the metrics without which it is empty."""

    title: str
    kind: Kind
    unit: Unit
    queries: tuple[Query, ...]
    means: str
    good: str
    needs: tuple[Metric, ...]
    width: int = 12
    height: int = 8
    labels: tuple[tuple[str, str], ...] = ()  # of a table: label and its column's head
    most: float | None = None  # the end of the scale
    least: float | None = 0.0
    text: str = ""
    may_be_empty: bool = False  # nothing to see is what one hopes for
    x_most: float | None = None  # of points: the end of the x axis


@dataclass(frozen=True, slots=True)
class Section:
    """A row with its panels, which fill the width from left to right."""

    title: str
    panels: tuple[Panel, ...]


class Choice(StrEnum):
    """What a reader may choose beside the data source and the cluster."""

    NAMESPACE = "namespace"
    MODEL = "model"
    TEAM = "team"
    NODE = "node"
    TTFT = "ttft"
    ITL = "itl"


@dataclass(frozen=True, slots=True)
class Board:
    """A board, before the store is known that it reads."""

    uid: str
    title: str
    means: str
    choices: tuple[Choice, ...]
    build: Callable[[Scope], tuple[Section, ...]]
    since: str = "now-24h"
    totals: Callable[[Scope], tuple[tuple[str, str], ...]] | None = None  # hidden variables: name and PromQL
