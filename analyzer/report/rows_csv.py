"""The ledger's rows as CSV, full figures. A cell that a spreadsheet would run as a formula is quoted as text."""

from __future__ import annotations

import csv
import io

import pyarrow as pa

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows_csv(rows: pa.Table) -> str:
    """One line per ledger row, header first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.column_names)
    for batch in rows.to_batches(max_chunksize=10_000):
        writer.writerows([_cell(value) for value in row.values()] for row in batch.to_pylist())
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if value is None:
        return ""
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()).replace("+00:00", "Z") if isoformat else repr(value)
