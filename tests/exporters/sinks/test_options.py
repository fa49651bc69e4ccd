"""Sinks as they are chosen: on the command line, in the environment, in a file; what is wrong is told."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from exporters.agent.options import SettingsError, add_settings, settings_of
from exporters.agent.settings import Settings
from exporters.sinks.kind import Origin
from exporters.sinks.options import SINK_SETTINGS, describe_sinks, known_kinds, origin_of, sinks_of


def read(*words: str, **environment: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_settings(parser, SINK_SETTINGS)
    return settings_of(parser.parse_args(words), {"NODE_NAME": "n", **environment})


def chosen(settings: Settings) -> list[str]:
    return [f"{one.kind} {one.values['cluster']} {one.values['through']}" for one in settings.sink]


def test_in_each_place(tmp_path: Path) -> None:
    file = tmp_path / "agent.yml"
    file.write_text("sink: ['cloudwatch:cluster=a', 'cloudwatch:cluster=b,through=data']\nspool: /var/spool\n")
    assert chosen(read("--config", str(file))) == ["cloudwatch a logs", "cloudwatch b data"]
    assert read("--config", str(file)).spool == Path("/var/spool")
    words = ["--sink", "cloudwatch:cluster=c", "--sink", "cloudwatch:cluster=d,through=data"]
    assert chosen(read("--config", str(file), *words)) == ["cloudwatch c logs", "cloudwatch d data"]
    assert chosen(read(GPUYIELD_SINK="cloudwatch:cluster=e cloudwatch:cluster=f")) == [
        "cloudwatch e logs",
        "cloudwatch f logs",
    ]
    assert read().sink == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cloudwhat", "`cloudwhat` is not known; is `cloudwatch` meant?"),
        ("cloudwatch", "cluster=NAME is needed"),
        ("cloudwatch:cluster=a,clustr=b", "`clustr` is not known; is `cluster` meant?"),
        ("cloudwatch:cluster", "write KEY=VALUE, not 'cluster'"),
        ("cloudwatch:cluster=a,cluster=b", "cluster is given twice"),
        ("cloudwatch:cluster=a,through=mail", "'mail' is none of logs, data"),
        ("cloudwatch:cluster=a,period=30s", "CloudWatch keeps minutes"),
        ("cloudwatch:cluster=a,series=0", "no number of series"),
        ("cloudwatch:cluster=a,namespace=AWS/EC2", "begins neither"),
        ("cloudwatch:cluster=a,endpoint=https://u:secret@h", "without a user or a password"),
    ],
)
def test_what_is_wrong_is_told(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read("--sink", text)
    assert str(caught.value).startswith("--sink: ")
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_each_sink_has_its_name_and_its_own_spool(tmp_path: Path) -> None:
    words = ["--sink", "cloudwatch:cluster=a", "--sink", "cloudwatch:cluster=b", "--spool", str(tmp_path)]
    made = sinks_of(read(*words), Origin("n"))
    assert [one.name for one in made] == ["cloudwatch", "cloudwatch-2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cloudwatch", "cloudwatch-2"]


def test_the_help_names_every_key() -> None:
    text = describe_sinks()
    assert all(f"{key}=" in text for kind in known_kinds().values() for key in kind.keys)


def test_the_machine_is_known_by_its_firmware(tmp_path: Path) -> None:
    assert origin_of(tmp_path, "n") == Origin("n")
    folder = tmp_path / "devices/virtual/dmi/id"
    folder.mkdir(parents=True)
    (folder / "board_asset_tag").write_text("i-0123456789abcdef0\n")
    (folder / "product_name").write_text("p5.48xlarge\n")
    assert origin_of(tmp_path, "n") == Origin("n", "i-0123456789abcdef0", "p5.48xlarge")
    assert origin_of(tmp_path, "") == Origin()  # who speaks for a cluster speaks for no machine
