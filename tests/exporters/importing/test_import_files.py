"""The verb as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpuyield.__main__ import main

OM = '# TYPE a gauge\na{instance="i"} 1 10\na{instance="i"} x 20\na{instance="i"} y 20\n# EOF\n'


def test_a_summary_on_stdout_and_warnings_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h.om"
    file.write_text(OM)
    words = ["import", str(file), "--store", str(tmp_path / "s"), "--label", "cluster=blue"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert "1 target, 1 series, 1 sample from 1970-01-01T00:00:10Z to 1970-01-01T00:00:10Z" in out
    assert f"notes: 2 malformed (first {file}:3)" in out
    assert err.count("warning") == 1
    assert f"{file}:3: malformed: " in err
    assert main([*words, "--verbose"]) == 0
    assert capsys.readouterr().err.count("malformed") == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nowhere"], 3, "does not exist"),
        (["words"], 2, "say --format"),
        (["words", "--format", "openmetrics"], 3, "not one sample"),
        (["good.om", "--label", "a-b=c"], 2, "no label name"),
        (["good.om", "--label", "ab"], 2, "NAME=VALUE"),
        (["good.om", "--label", "__name__=b"], 2, "metric's own name"),
    ],
)
def test_errors(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.om").write_text(OM)
    Path("words").write_text("It was a dark and stormy night.\n")
    assert main(["import", *words, "--store", "s"]) == code
    assert says in capsys.readouterr().err


def test_help_shows_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["import", "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for word in ("pages", "openmetrics", "vm-jsonl", "examples:", "exit code"):
        assert word in out
