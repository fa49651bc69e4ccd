"""Where samples come from is said on the command line, and every mistake there is told in one line."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.stores.parquet import ParquetStore
from tests.analyzer.commands.conftest import PERIOD, SECRET, Run, Start
from tests.analyzer.stores.prometheus import go_between
from tests.analyzer.stores.prometheus.conftest import Asked, Reply, text_reply
from tests.analyzer.stores.prometheus.go_between import QUERY, RANGE, GoBetween

GONE = "http://127.0.0.1:9"


def test_what_is_kept_gives_the_same_report_again(run: Run, real: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    code, first, told = run("advise", "--prometheus", real, *PERIOD, "--format", "csv", "--save", kept)
    assert (code, "Reading about" in told) == (0, True)
    assert run("advise", "--store", kept, *PERIOD, "--format", "csv")[:2] == (0, first)
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--store", "{store}", "--save", "{new}"), "--save keeps what a server gives"),
        (("--store", "{store}", "--prometheus", GONE), "not allowed with argument"),
        (("--prometheus", GONE, "--save", "{store}"), "exists: give a new folder"),
        (("--prometheus", GONE, "--save", "{new}/a/b"), "there is no folder"),
        (("--prometheus", f"ftp://u:{SECRET}@h"), "--prometheus: that is no URL"),
        (("--prometheus", f"http://u:{SECRET}@h:99999999"), "--prometheus: that is no URL"),
        (("--prometheus", GONE, "--match", "cluster"), "--match 'cluster': write LABEL=VALUE"),
        (("--prometheus", GONE, "--match", '="x"'), "write LABEL=VALUE"),
        (("--prometheus", GONE, "--match", 'a="x'), "write LABEL=VALUE"),
        (("--prometheus", GONE, "--header", SECRET), "--header"),
        (("--prometheus", GONE, "--max-samples", "many"), "--max-samples"),
        (("--store", "{new}"), "is not a gpuyield store"),
    ],
)
def test_a_mistake_is_told_before_anything_is_asked(
    run: Run, fleet: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = [word.format(store=fleet, new=tmp_path / "new") for word in words]
    code, out, err = run("advise", *said)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there(run: Run) -> None:
    code, out, err = run("advise", "--prometheus", f"http://user:{SECRET}@127.0.0.1:9", "--timeout", "1s")
    assert (code, out) == (3, "")
    assert "http://127.0.0.1:9" in err
    assert err.count("\n") == 1


def test_a_server_that_wants_other_credentials(run: Run, start: Start, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(SECRET)
    (tmp_path / "token").write_text(SECRET)
    url = start(lambda asked: text_reply("Unauthorized\n", "401 Unauthorized")).url
    for words in (
        ("--basic-auth-user", "me", "--basic-auth-password-file", tmp_path / "password"),
        ("--bearer-token-file", tmp_path / "token"),
        ("--header", f"X-Key: {SECRET}"),
    ):
        code, out, err = run("advise", "--prometheus", url, *words)
        assert (code, out) == (3, "")
        assert "answers 401" in err
        assert "--bearer-token-file" in err


def test_a_reading_over_the_limit_needs_a_yes(run: Run, real: str, fleet: Path) -> None:
    code, out, err = run("advise", "--prometheus", real, *PERIOD, "--max-samples", "10")
    assert (code, out) == (2, "")
    assert "Reading about" in err
    assert "more than --max-samples 10: take a shorter --since, or say --yes" in err
    code, out, err = run("advise", "--prometheus", real, *PERIOD, "--max-samples", "10", "--yes", "--format", "json")
    assert code == 0
    assert "one sample per 120 s" in out


@pytest.mark.parametrize(("answer", "code"), [("n\n", 2), ("\n", 2), ("y\n", 0)])
def test_somebody_at_a_terminal_is_asked(real: str, tmp_path: Path, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    words = ["advise", "--prometheus", real, *PERIOD, "--max-samples", "10", "--save", str(tmp_path / "kept")]
    process = subprocess.Popen(
        [sys.executable, "-m", "gpuyield", *words], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE
    )
    os.close(theirs)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(ours, 1000)
    os.write(ours, answer.encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == code
    assert (tmp_path / "kept").exists() == bool(out) == (code == 0)


@pytest.mark.parametrize("kept", [True, False], ids=["--save", "temporary"])
def test_a_disk_that_fills_up_is_told_and_nothing_is_left(real: str, tmp_path: Path, kept: bool) -> None:
    """No file may grow beyond 4 KiB: writing fails as on a full disk, with the system's own error."""
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (4096, 4096)); import gpuyield.__main__ as m; "
    (tmp_path / "tmp").mkdir()
    words = ["advise", "--prometheus", real, *PERIOD, *(["--save", str(tmp_path / "kept")] if kept else [])]
    done = subprocess.run(
        [sys.executable, "-c", limited + "raise SystemExit(m.main())", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written (File too large): free some space" in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_help_shows_examples_and_where_samples_are(run: Run) -> None:
    code, out, _ = run("advise", "--help")
    assert code == 0
    for words in ("examples:", "--prometheus http", "--match", "--cluster-label", "--save"):
        assert words in out


class Amazon:
    """Amazon Managed Prometheus: signed questions, the query API and nothing else, and small limits."""

    def __init__(self, url: str, longest_seconds: float) -> None:
        self._url = url
        self._longest_seconds = longest_seconds
        self.refused = 0

    def __call__(self, asked: Asked) -> Reply:
        signed = asked.headers.get("authorization", "")
        if not (signed.startswith("AWS4-HMAC-SHA256 Credential=AKID/") and "/eu-west-1/aps/" in signed):
            return text_reply('{"message":"Missing Authentication Token"}', "403 Forbidden")
        if asked.path not in (QUERY, RANGE) and "/label/" not in asked.path:
            return text_reply('{"message":"Access denied"}', "403 Forbidden")
        query = dict(asked.parameters).get("query", "")
        if query.endswith("ms]") and float(query.rpartition("[")[2][:-3]) > 1000 * self._longest_seconds:
            self.refused += 1
            return go_between.too_many(asked)
        return go_between.whole(*go_between.ask(self._url, asked))


def test_amazon_is_asked_signed_and_in_pieces(
    run: Run, start: Start, real: str, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    amazon = Amazon(real, 3600)
    url = start(amazon).url
    code, out, err = run("advise", "--prometheus", url, "--sigv4-region", "eu-west-1", *PERIOD, "--format", "csv")
    assert (code, "Amazon bills about $0.00" in err) == (0, True)
    assert amazon.refused > 0
    assert out == run("advise", "--store", fleet, *PERIOD, "--format", "csv")[1]
    code, _, err = run("advise", "--prometheus", url, *PERIOD)
    assert (code, "answers 403" in err) == (3, True)


def test_a_store_that_holds_nothing_of_use_says_what_it_needs(run: Run, start: Start, real: str) -> None:
    code, out, err = run("advise", "--prometheus", start(GoBetween(real)).url, "--match", "cluster=nowhere")
    assert (code, out) == (2, "")
    assert "no series of a device, a node or an engine was found" in err


def test_what_was_copied_is_a_store_like_any_other(run: Run, real: str, fleet: Path, tmp_path: Path) -> None:
    run("advise", "--prometheus", real, *PERIOD, "--save", tmp_path / "kept")
    kept, true = (ParquetStore(path).extent() for path in (tmp_path / "kept", fleet))
    assert kept == true
