"""JSON lines of VictoriaMetrics, valid and nearly so."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from exporters.importing.batch import Found
from exporters.importing.vm_json import read_vm_json

STALE = "7ff0000000000002"


def bits(value: float) -> str:
    return struct.pack(">d", value).hex()


def read(path: Path, *lines: str | bytes) -> tuple[list[tuple[str, float, float]], list[Found]]:
    path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")
    rows: list[tuple[str, float, float]] = []
    notes: list[Found] = []
    for batch in read_vm_json(path, {"job": "j"}):
        rows += [
            (f"{one.name}{dict(one.labels)}", value, at)
            for one, value, at in zip(batch.series, batch.values, batch.at, strict=True)
        ]
        notes += batch.notes
    return rows, notes


def line(values: str, stamps: str, metric: str = '{"__name__":"x"}') -> str:
    return f'{{"metric":{metric},"values":[{values}],"timestamps":[{stamps}]}}'


def test_a_series_over_two_lines(tmp_path: Path) -> None:
    rows, notes = read(tmp_path / "f", line("1,2.5", "1500,2500"), "", line("3e2", "3500"))
    assert rows == [("x{'job': 'j'}", 1, 1.5), ("x{'job': 'j'}", 2.5, 2.5), ("x{'job': 'j'}", 300, 3.5)]
    assert not notes


@pytest.mark.parametrize(
    "words", ["NaN,+Inf,-Inf,null,1", '"NaN","Infinity","-Infinity",null,1', "nan, Infinity ,-inf,null,1"]
)
def test_bare_words(tmp_path: Path, words: str) -> None:
    metric = '{"__name__":"x","nan":"a \\"values\\":[NaN] Inf"}'
    rows, notes = read(tmp_path / "f", line(words, "1,2,3,4,5", metric))
    assert not notes
    assert rows[0][0] == "x{'job': 'j', 'nan': 'a \"values\":[NaN] Inf'}"
    nan, up, down, stale, one = (value for _, value, _ in rows)
    assert nan != nan
    assert bits(nan) != STALE
    assert (up, down, one) == (float("inf"), float("-inf"), 1)
    assert bits(stale) == STALE


def test_the_targets_label_wins(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "f", line("1", "1", '{"__name__":"x","job":"own"}'))
    assert rows[0][0] == "x{'exported_job': 'own', 'job': 'j'}"


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        '{"metric":{}}',
        line("1,2", "1"),
        line("1", "1", '{"a":"b"}'),
        line("1", "1", "7"),
        line('"many"', "1"),
        line("1", '"x"'),
        b"\xff",
        line("1", "1", '{"__name__":""}'),
    ],
)
def test_a_bad_line_costs_itself(tmp_path: Path, bad: str | bytes) -> None:
    rows, notes = read(tmp_path / "f", line("1", "1000"), bad, line("2", "2000"))
    assert [row[1] for row in rows] == [1, 2]
    assert [(note.line, note.kind) for note in notes] == [(2, "malformed")]


def test_times_that_no_clock_has(tmp_path: Path) -> None:
    rows, notes = read(tmp_path / "f", line("1,2", "-5,1000"))
    assert [row[1] for row in rows] == [2]
    assert [(note.line, note.kind) for note in notes] == [(1, "no-time")]


def test_a_cut_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(line("1", "1000") + "\n" + line("2", "2000")[:-9])
    batches = list(read_vm_json(tmp_path / "f", {}))
    assert sum(len(batch.at) for batch in batches) == 1
    assert [note.line for batch in batches for note in batch.notes] == [2]


def test_a_long_line_comes_in_slices(tmp_path: Path) -> None:
    count = 250_000
    (tmp_path / "f").write_text(line(",".join(["1"] * count), ",".join(map(str, range(count)))))
    sizes = [len(batch.at) for batch in read_vm_json(tmp_path / "f", {})]
    assert sum(sizes) == count
    assert max(sizes) <= 100_000
