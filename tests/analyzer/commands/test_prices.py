"""`gpuyield prices` says what things cost, why, and takes prices along; AWS is never reached from here."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from analyzer.pricing.price_list import RegionPrices
from analyzer.pricing.reservations import Account, Reserved
from analyzer.pricing.shelf import Shelf
from analyzer.pricing.spot_history import SpotPrices
from tests.analyzer.commands.conftest import PERIOD, Run
from tests.analyzer.conftest import START, Scene, every

CARD = """
prices:
  - {match: {node: gpu-1}, per_hour: 31.5}
blocks:
  - {id: cr-1, instance_type: p5.48xlarge, count: 4, start: 2026-11-10T11:30:00Z, hours: 48, upfront_fee: 7551.36}
fees:
  - {name: support, cluster: prod, per_hour: 2}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no credentials wherever the test runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "gpuyield" / "prices"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "rates.yaml"
    path.write_text(CARD)
    return path


def _filled(folder: Path) -> None:
    """A cache as `prices refresh` leaves it."""
    shelf = Shelf(folder, asks=True)
    now = round(time.time() * 1e6)
    for offer in ("shared", "bare-metal", "unused"):
        listed = RegionPrices("us-east-1", "USD", {"p5.48xlarge": 54.0} if offer == "shared" else {})
        shelf.get("price-list", f"us-east-1_{offer}", RegionPrices, lambda _, listed=listed: listed, 60)  # type: ignore[misc]
    changes = [(now - 7200_000_000, 21.0), (now - 3600_000_000, 22.5)]
    spot = SpotPrices("us-east-1", "p5.48xlarge", now, {"us-east-1a": changes})
    shelf.get("spot-history", "us-east-1_p5.48xlarge", SpotPrices, lambda _: spot, 60)
    block = Reserved("cr-1", "", "capacity-block", "p5.48xlarge", 4, 1, now, now + 172_800_000_000, "us-east-1a")
    account = Account("us-east-1", "123456789012", [block])
    shelf.get("reservations", "us-east-1_123456789012", Account, lambda _: account, 60)


@pytest.fixture
def exported(run: Run, cache: Path, tmp_path: Path) -> Path:
    _filled(cache)
    file = tmp_path / "prices.json"
    assert run("prices", "export", file) == (0, "", "")
    return file


def test_the_list_has_the_packaged_table_and_no_unknown_prices(run: Run) -> None:
    code, told, _ = run("prices", "list", "--instance-type", "p5*", "--format", "json")
    found = json.loads(told)
    assert code == 0
    assert {one["instance_type"]: one["dollars_per_device_hour"] for one in found["prices"]} == {
        "p5.4xlarge": 6.88,
        "p5.48xlarge": 6.88,
        "p5en.48xlarge": 7.912,
    }
    assert found["warnings"] == []


def test_the_table_shows_reservations_and_fees(run: Run, card: Path) -> None:
    code, told, _ = run(
        "prices", "list", "--instance-type", "p5.48xlarge", "--prices", card, "--price-basis", "effective"
    )
    assert code == 0
    for words in ("55.0400", "cr-1", "39.3300", "2026-11-12 11:30", "support", "prod", "2.0000"):
        assert words in told


def test_an_exported_file_gives_the_prices_without_a_network(run: Run, exported: Path, card: Path) -> None:
    words = ("--instance-type", "p5.48xlarge", "--prices", exported, "--prices", card, "--price-basis", "effective")
    code, told, _ = run("prices", "list", *words, "--format", "json")
    found = json.loads(told)
    assert code == 0
    assert [(one["capacity_type"], one["zone"], one["dollars_per_hour"], one["source"]) for one in found["prices"]] == [
        ("on-demand", "", 54.0, "AWS Price List"),
        ("spot", "us-east-1a", 22.5, "EC2 spot price history"),
    ]
    (block,) = found["reservations"]
    assert (block["id"], block["count"], block["unused"]) == ("cr-1", 4, 1)


def test_why_marks_the_winner_and_tells_what_is_wrong_with_the_others(run: Run, exported: Path) -> None:
    words = ("p5.48xlarge", "--capacity-type", "spot", "--zone", "us-east-1a", "--price-basis", "effective")
    code, told, _ = run("prices", "why", *words, "--prices", exported, "--format", "json")
    answers = json.loads(told)["answers"]
    assert code == 0
    assert [(one["source"], one["is_winner"]) for one in answers] == [
        ("EC2 spot price history", True),
        ("AWS Price List", False),
        ("packaged table", False),
    ]
    assert [step["dollars_per_hour"] for step in answers[0]["steps"]] == [None, 21.0, 22.5]
    assert "not what spot capacity costs" in answers[1]["refused"]


def test_why_of_a_node_takes_what_the_store_says_of_it(run: Run, tmp_path: Path, card: Path) -> None:
    times = every(START, START + 3600, 60)
    scene = Scene().node("gpu-1", times, "p5.48xlarge", 8).node("gpu-2", times, "p5.48xlarge", 8)
    labels = {"instance_type": "p5.48xlarge", "capacity_type": "on-demand", "zone": "us-east-1a"}
    scene.add(
        "karpenter_cloudprovider_instance_type_offering_price_estimate", [(at, 54.5) for at, _ in times], **labels
    )
    scene.store(tmp_path / "store")
    words = ("--store", tmp_path / "store", *PERIOD, "--prices", card, "--price-basis", "effective")
    code, told, _ = run("prices", "why", "gpu-1", *words)
    assert (code, told.splitlines()[0]) == (
        0,
        "gpu-1 (p5.48xlarge, on-demand), effective basis: from rate card rates.yaml, effective prices",
    )
    assert "54.5000" in told
    assert "another source goes before it" in told
    code, told, _ = run("prices", "why", "gpu-2", *words)
    assert "from Karpenter's estimate" in told.splitlines()[0]
    code, _, error = run("prices", "why", "gpu-3", *words)
    assert code == 2
    assert "has no node gpu-3" in error


def test_without_credentials_each_question_says_what_it_needs(run: Run) -> None:
    code, told, error = run("prices", "refresh", "--aws-region", "us-east-1", "--spot", "p5.48xlarge")
    assert (code, told) == (3, "")
    for action in ("pricing:GetProducts", "sts:GetCallerIdentity", "ec2:DescribeSpotPriceHistory"):
        assert action in error
    assert "Traceback" not in error


def test_without_credentials_the_table_still_answers_and_says_why(run: Run) -> None:
    words = ("p5.48xlarge", "--region", "us-east-1", "--ask-aws")
    code, told, _ = run("prices", "why", *words)
    assert code == 0
    assert told.splitlines()[0].endswith("from packaged table")
    assert "no credentials were found" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export", "prices.json"), "prices refresh"),
        (("list", "--prices", "none.yaml"), "--prices none.yaml cannot be read"),
        (("list", "--ask-aws", "--eks-cluster", "prod"), "write REGION/prod"),
    ],
)
def test_a_mistake_is_told_in_one_line(run: Run, words: tuple[str, ...], told: str) -> None:
    code, _, error = run("prices", *words)
    assert code == 2
    assert told in error
    assert error.count("\n") == 1


def test_two_files_of_a_kind_are_one_too_many(run: Run, card: Path, exported: Path) -> None:
    assert "only one rate card" in run("prices", "list", "--prices", card, "--prices", card)[2]
    assert "only one exported file" in run("prices", "list", "--prices", exported, "--prices", exported)[2]
    assert "leave --ask-aws out" in run("prices", "list", "--prices", exported, "--ask-aws")[2]


def test_what_aws_does_not_tell_is_a_note_and_no_fault(run: Run) -> None:
    words = ("--instance-type", "p5.48xlarge", "--ask-aws", "--aws-region", "us-east-1", "--eks-cluster", "prod")
    code, told, _ = run("prices", "list", *words)
    assert code == 0
    assert "55.0400" in told
    assert "reservations of us-east-1 are unknown" in " ".join(told.split())
    assert "the EKS fees of prod are unknown" in " ".join(told.split())


def test_what_was_kept_is_used_while_it_is_young(run: Run, cache: Path) -> None:
    _filled(cache)
    words = ("p5.48xlarge", "--region", "us-east-1", "--ask-aws", "--format", "json")
    code, told, _ = run("prices", "why", *words)
    (first, *_) = json.loads(told)["answers"]
    assert code == 0
    assert (first["source"], first["steps"][0]["dollars_per_hour"]) == ("AWS Price List", 54.0)
    assert "stale" not in first["steps"][0]["source"]
