"""The tables of docs/cloudwatch.md, renewed by `python -m exporters.sinks.cloudwatch.documented docs/cloudwatch.md`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from exporters.canonical import device, ledger, nodes, serving, telemetry
from exporters.metric import Kind, Metric
from exporters.sinks.cloudwatch import own_names
from exporters.sinks.cloudwatch.container_insights import COUNTS, FAMILIES, GPU_MEMORY_UTILIZATION, ROWS, Row
from exporters.sinks.cloudwatch.measure import Set

_MODULES = (ledger, device, nodes, serving, telemetry)
_HOW = {
    Kind.COUNTER: "what it grew by in the minute",
    Kind.AVERAGE: "every value of the minute",
    Kind.STATE: "the last value",
    Kind.HISTOGRAM: "middles of the buckets hit",
}


def insights_table() -> Iterator[str]:
    """A row for each metric, its levels as prefixes."""
    yield "| metric | unit | from | Type |"
    yield "| --- | --- | --- | --- |"
    for row in (*ROWS, GPU_MEMORY_UTILIZATION):
        levels = FAMILIES[row.family].levels
        names = ", ".join(f"`{level.prefix}{row.name}`" for level in levels)
        types = ", ".join(level.type for level in levels)
        yield f"| {names} | {row.unit.value} | {_origin(row)} | {types} |"
    for family in ("node_count", "pod_count"):
        (level,) = FAMILIES[family].levels
        for name, unit in COUNTS.items():
            if family == "pod_count" or name != "gpu_request":
                yield f"| `{level.prefix}{name}` | {unit.value} | devices that pods hold | {level.type} |"


def sets_table() -> Iterator[str]:
    """The dimension sets of each Type."""
    yield "| Type | dimension sets |"
    yield "| --- | --- |"
    for family in FAMILIES.values():
        for level in family.levels:
            yield f"| {level.type} | {_shown(level.sets)} |"


def own_table() -> Iterator[str]:
    """Every metric of the families that are sent, in our own namespace."""
    yield "| metric | unit | value | dimension sets |"
    yield "| --- | --- | --- | --- |"
    for metric in _sent():
        labels = tuple(dict.fromkeys((*(("node",) if "uuid" in metric.labels else ()), *metric.labels)))
        unit, sets = own_names.unit_of(metric).value, _shown(own_names.sets_of(labels))
        yield f"| `{own_names.name_of(metric)}` | {unit} | {_HOW[metric.kind]} | {sets} |"


BLOCKS = {"insights": insights_table, "sets": sets_table, "own": own_table}


def renewed(page: str) -> str:
    """The page with its tables as they are now; each stands between comments that name it."""
    for name, table in BLOCKS.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        lines = "\n".join(table())
        page = re.sub(f"{begin}.*?{end}", lambda _, text=f"{begin}\n{lines}\n{end}": text, page, flags=re.DOTALL)  # type: ignore[misc]
    return page


def _shown(sets: tuple[Set, ...]) -> str:
    return "; ".join(f"[{', '.join(one)}]" for one in sets)


def _sent() -> Iterator[Metric]:
    for module in _MODULES:
        for one in vars(module).values():
            if isinstance(one, Metric) and one.kind is not Kind.INFO:
                yield one


def _origin(row: Row) -> str:
    where = "".join(f", {name} {value}" for name, value in row.where.items())
    share = " / `accelerator_memory_total_bytes`" if row is GPU_MEMORY_UTILIZATION else ""
    scale = "" if row.scale == 1 else f" x {row.scale:g}"
    return f"`{row.metric.name}`{where}{share}{scale}{' / s' if row.per_second else ''}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
