"""The whole of it: mixed kinds into one store, counts, and what a reader of the store then finds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from analyzer.stores.frame import Question
from analyzer.stores.parquet import ParquetStore
from exporters.canonical.serving import generation_tokens_total
from exporters.importing.importer import import_inputs, import_paths
from exporters.importing.inputs import find_inputs
from exporters.source import SourceFailed

NAME = "vllm:generation_tokens_total"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recorded"
    (made / "pod-a").mkdir(parents=True)
    for number in range(5):
        page = f'# TYPE {NAME} counter\n{NAME}{{model_name="m",engine="0"}} {number * 10}\nbad{{\n'
        (made / "pod-a" / f"179536386{number}.prom").write_text(page)
    labels = 'model_name="m",engine="0",job="vllm",instance="pod-b"'
    lines = "".join(f"{NAME}{{{labels}}} {number} {1795363860 + number}\n" for number in range(5))
    (made / "b.om").write_text(f"{lines}# EOF\n")
    metric = '"model_name":"m","engine":"0","job":"vllm","instance":"pod-c"'
    (made / "c.jsonl").write_text(
        f'{{"metric":{{"__name__":"{NAME}",{metric}}},"values":[1,2],"timestamps":[1795363860000,1795363861000]}}\n'
    )
    return made


def samples(store: Path) -> pa.Table:
    opened = ParquetStore(store)
    window = opened.extent()
    assert window is not None
    return opened.read(Question(generation_tokens_total, window)).samples


def test_mixed_kinds(folder: Path, tmp_path: Path) -> None:
    tally = import_paths([folder], tmp_path / "s", {})
    assert (tally.targets, tally.series, tally.samples) == (3, 4, 17)
    assert (tally.first, tally.last) == (1795363860, 1795363864)
    assert tally.kinds == {"malformed": 5}
    assert tally.summary() == (
        "3 targets, 4 series, 17 samples from 2026-11-22T16:11:00Z to 2026-11-22T16:11:04Z;"
        f" notes: 5 malformed (first {folder}/pod-a/1795363860.prom:3)"
    )
    assert samples(tmp_path / "s").num_rows == 12


def test_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    import_paths([folder], tmp_path / "s", {})
    once = samples(tmp_path / "s")
    import_paths([folder / "b.om", folder], tmp_path / "s", {})
    assert samples(tmp_path / "s").equals(once)


def test_progress_ends_at_the_whole(folder: Path, tmp_path: Path) -> None:
    inputs = find_inputs([folder], None)
    seen: list[tuple[int, int]] = []
    import_inputs(inputs, tmp_path / "s", {}, lambda done, count: seen.append((done, count)))
    assert seen == sorted(seen)
    assert seen[-1] == (inputs.size, 17)


def test_a_page_that_goes_away_meanwhile(folder: Path, tmp_path: Path) -> None:
    inputs = find_inputs([folder], None)
    (folder / "pod-a/1795363862.prom").unlink()
    with pytest.raises(SourceFailed, match=r"1795363862\.prom cannot be read"):
        import_inputs(inputs, tmp_path / "s", {})
    assert samples(tmp_path / "s").num_rows == 2
