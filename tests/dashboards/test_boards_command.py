"""`gpuyield boards` as a user runs it: files, a Grafana, CloudWatch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from dashboards.cloudwatch.board import body
from dashboards.cloudwatch.search import Search
from dashboards.grafana import boards
from exporters.canonical import ledger
from exporters.sinks.cloudwatch.own_names import sets_of
from gpuyield.__main__ import main
from tests.dashboards.grafana_double import TOKEN, GrafanaDouble, grafana_double


@pytest.fixture
def server() -> Iterator[GrafanaDouble]:
    with grafana_double() as running:
        yield running


@pytest.fixture
def token(tmp_path: Path) -> str:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return str(file)


def test_boards_are_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "write", str(tmp_path / "boards")]) == 0
    files = sorted((tmp_path / "boards").iterdir())
    assert {file.stem for file in files} == {board.uid for board in boards().values()}
    assert all(json.loads(file.read_text())["title"] for file in files)
    capsys.readouterr()
    assert main(["boards", "write", str(tmp_path / "boards")]) == 0
    assert capsys.readouterr().err.count(": unchanged") == len(files)


def test_a_dry_run_tells_and_changes_nothing(
    server: GrafanaDouble, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["boards", "apply", "--grafana", server.url, "--token-file", token]
    assert main([*words, "--dry-run"]) == 0
    assert capsys.readouterr().err.count("new, not applied") == len(boards())
    assert server.writes == 0


def test_applying_twice_writes_once(server: GrafanaDouble, token: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["boards", "apply", "--grafana", server.url, "--token-file", token, "--folder", "gpuyield"]
    assert main(words) == 0
    assert set(server.folders.values()) == {"gpuyield"}
    assert main(words) == 0
    assert server.writes == len(boards())
    capsys.readouterr()
    server.boards["gpuyield-fleet"]["title"] = "mine"
    assert main(words) == 0
    assert "gpuyield-fleet: changed" in capsys.readouterr().err
    assert server.boards["gpuyield-fleet"]["title"] == "gpuyield / Fleet"
    assert server.writes == len(boards()) + 1


def test_a_refused_token_is_said_and_not_shown(
    server: GrafanaDouble, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", "glsa_wrong")
    assert main(["boards", "apply", "--grafana", server.url]) == 2
    told = capsys.readouterr().err
    assert "dashboards:write" in told
    assert "glsa_wrong" not in told


def test_without_a_token_or_with_a_password_in_the_url_nothing_is_asked(
    token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GRAFANA_TOKEN", raising=False)
    assert main(["boards", "apply", "--grafana", "http://127.0.0.1:1"]) == 2
    assert main(["boards", "apply", "--grafana", "http://me:secret@127.0.0.1:1", "--token-file", token]) == 2
    told = capsys.readouterr().err
    assert "GRAFANA_TOKEN" in told
    assert "secret" not in told


def test_a_grafana_that_is_away_is_a_source_that_is_away(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", "apply", "--grafana", "http://127.0.0.1:1", "--token-file", token]) == 3
    assert "does not answer" in capsys.readouterr().err


def test_the_cloudwatch_dashboard_is_within_cloudwatchs_rules() -> None:
    made = json.loads(body("eu-west-1", "prod"))
    assert len(made["widgets"]) <= 500
    for widget in made["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        assert 1 <= widget["height"] <= 1000
    rows = [row for widget in made["widgets"][1:] for row in widget["properties"]["metrics"]]
    assert all('cluster="prod"' in row[0]["expression"] for row in rows)
    assert all(len(row[0]["expression"]) <= 1024 for row in rows)
    assert 'cluster="' not in body("eu-west-1")


def test_a_search_names_a_dimension_set_that_the_sink_writes() -> None:
    text = Search(ledger.dollars_total, "Sum", ("model",)).text("")
    schema = text.split("{gpuyield,")[1].split("}")[0]
    assert tuple(schema.split(",")) in sets_of(ledger.dollars_total.labels)
    with pytest.raises(ValueError, match="no dimension set"):
        Search(ledger.coverage_ratio, "Average", ("node",)).text("")


def test_the_cloudwatch_dashboard_is_put_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        words = ["boards", "cloudwatch", "--region", "eu-west-1", "--endpoint-url", f"http://{host}:{port}"]
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["widgets"]
        assert main([*words, "--apply"]) == 0
        assert main([*words, "--apply"]) == 0
        told = capsys.readouterr().err
        assert told.index("written") < told.index("unchanged")
        assert main([*words, "--apply", "--cluster", "prod"]) == 0
        assert "written" in capsys.readouterr().err
    finally:
        moto.stop()


def test_what_aws_must_allow_for_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:cloudwatch::123456789012:dashboard/gpuyield"
    assert main(["permissions", "iam", "--for", "boards", "--arn", arn]) == 0
    statements = json.loads(capsys.readouterr().out)["Statement"]
    assert [(one["Action"], one["Resource"]) for one in statements] == [
        (["cloudwatch:GetDashboard"], [arn]),
        (["cloudwatch:PutDashboard"], [arn]),
    ]
