"""Points of the same model, instance type and setting side by side: what correlations are computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from analyzer.correlation.ranks import Floats

RATIOS = ("busy", "effective", "compute", "memory", "mfu", "mbu")
_NUMBERS = ("seconds", "replicas", "accelerators", "running", "waiting", "tokens", "dollars", *RATIOS)


class Subject(NamedTuple):
    """What is compared with itself over time."""

    cluster: str
    namespace: str
    model: str
    engine: str
    instance_type: str
    settings: str


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The points of one subject in time order, by column; NaN where nobody told. `running` is per replica, the rest
    of all replicas together."""

    subject: Subject
    counters: str  # on, off or absent: the engine's FLOP and byte counters
    effective_source: str  # device or engine; empty where nobody told
    columns: dict[str, Floats]

    def where(self, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Cells:
        """Only some of the points."""
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Cells(self.subject, self.counters, self.effective_source, columns)


def cells_of(points: pa.Table) -> Iterator[Cells]:
    """Workloads and capacity types of one subject are added up; what held no accelerator is left out."""
    db = duckdb.connect()
    db.register("points", points)
    cells = db.sql(_query()).to_arrow_table()
    subjects = [Subject(*key) for key in zip(*(cells[name].to_pylist() for name in Subject._fields), strict=True)]
    edges = [row for row in range(len(subjects)) if not row or subjects[row] != subjects[row - 1]]
    for start, end in pairwise([*edges, len(subjects)]):
        part = cells.slice(start, end - start)
        columns = {name: np.asarray(part[name].to_numpy(), dtype=np.float64) for name in _NUMBERS}
        counters, source = (max(part[name].to_pylist()) for name in ("counters", "effective_source"))
        yield Cells(subjects[start], counters, source, columns)


def _query() -> str:
    subject = ", ".join(Subject._fields)
    means = ", ".join(
        f"sum({name} * accelerators) / sum(accelerators) FILTER ({name} IS NOT NULL) AS {name}" for name in RATIOS
    )
    return f"""
        SELECT {subject}, any_value(seconds) AS seconds, sum(replicas) AS replicas,
            sum(accelerators) AS accelerators, sum(running) / sum(replicas) AS running, sum(waiting) AS waiting,
            sum(generated_tokens) AS tokens, CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars,
            max(counters) AS counters, max(effective_source) AS effective_source, {means}
        FROM points WHERE accelerators > 0 GROUP BY {subject}, start ORDER BY {subject}, start
    """
