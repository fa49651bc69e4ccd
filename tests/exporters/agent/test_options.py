"""Settings: where they may stand, which place wins, and what a wrong one is told."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import pytest

from exporters.agent.log import Level, LogFormat
from exporters.agent.options import SettingsError, add_settings, flag_of, settings_of, variable_of
from exporters.agent.settings import Address, Settings


def read(*words: str, **environment: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return settings_of(parser.parse_args(words), {"NODE_NAME": "n", **environment})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.yml"


def test_nothing_set() -> None:
    assert read() == Settings(node_name="n")
    assert read().listen == Address("127.0.0.1", 19400)


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(file: Path) -> None:
    file.write_text("interval: 20s\nlog_level: debug\nlisten: '[::1]:1'\n")
    found = read("--config", str(file), "--interval", "30", GPUYIELD_INTERVAL="40s", GPUYIELD_LOG_LEVEL="error")
    assert (found.interval_seconds, found.log_level, found.listen) == (30.0, Level.ERROR, Address("::1", 1))
    assert found.log_format is LogFormat.LOGFMT
    assert read(GPUYIELD_CONFIG=str(file)).interval_seconds == 20.0


def test_lists_in_each_place(file: Path) -> None:
    file.write_text(
        "pages: [http://127.0.0.1:9400/metrics, 'http://127.0.0.1:8000/metrics']\nneuron_monitor: [a, b c]\n"
    )
    found = read("--config", str(file), "--sources", "nvidia, kubelet")
    assert found.pages == ("http://127.0.0.1:9400/metrics", "http://127.0.0.1:8000/metrics")
    assert found.neuron_monitor == ("a", "b c")
    assert found.sources == ("nvidia", "kubelet")
    assert read(GPUYIELD_NEURON_MONITOR="nm -c 'a b'").neuron_monitor == ("nm", "-c", "a b")


def test_every_setting_has_a_flag_and_a_variable_in_the_help() -> None:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    text = parser.format_help()
    for one in fields(Settings):
        assert flag_of(one.name) in text
        assert variable_of(one.name) in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("intervall: 10s\n", "`intervall` is not known; is `interval` meant?"),
        ("zzz: 1\n", "`zzz` is not known; known are node_name, listen"),
        ("- a\n", "names with values"),
        ("a: [\n", "is no YAML (line 2)"),
        ("interval: 0.1\n", "interval: '0.1' is not between 1s and 300s"),
        ("interval: true\n", "interval: a text or a number is wanted"),
        ("listen: 9400\n", "listen: write HOST:PORT"),
        ("log_format: xml\n", "'xml' is none of logfmt, json"),
        ("pages: ['http://a:secret@h/m']\n", "a user or a password"),
        ("pages: [h:9400]\n", "http://HOST:PORT/PATH"),
    ],
)
def test_a_wrong_file_is_told_where_and_what(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read("--config", str(file))
    assert says in str(caught.value)
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_wrong_flag_or_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="--interval: "):
        read("--interval", "soon")
    with pytest.raises(SettingsError, match="GPUYIELD_LISTEN: "):
        read(GPUYIELD_LISTEN="nowhere")
    with pytest.raises(SettingsError, match="cannot be read"):
        read("--config", "no-such-file")


def test_variables_that_kubernetes_makes_for_a_service_of_our_name_are_left_alone() -> None:
    assert read(GPUYIELD_PORT="tcp://10.0.0.1:80", GPUYIELD_SERVICE_HOST="10.0.0.1") == Settings(node_name="n")


def test_inside_kubernetes_the_node_must_be_named() -> None:
    with pytest.raises(SettingsError, match=r"spec\.nodeName"):
        read(NODE_NAME="", KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert read(NODE_NAME="").node_name
    assert read("--node-name", "x").node_name == "x"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [(":9", "", 9), ("a.b:1", "a.b", 1), ("[::]:0", "::", 0), ("0.0.0.0:65535", "0.0.0.0", 65535)],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert read("--listen", text).listen == Address(host, port)
