"""Which way Neuron devices are read, and what they are called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from exporters.source import SourceAbsent
from exporters.sources.neuron import make_roster
from exporters.sources.neuron.place import chip_of, instance_id_of_firmware
from exporters.sources.neuron.sysfs import DEVICES
from tests.exporters.sources.neuron.conftest import FAKE, Settings, line_of, values, write_tree
from tests.exporters.sources.neuron.test_sysfs import device_files
from tests.exporters.sources.neuron.test_telling import TRN1

ASSET_TAG = "devices/virtual/dmi/id/board_asset_tag"


def test_a_node_without_neuron_is_absent(settings: Callable[..., Settings]) -> None:
    for command in ((), ("no-such-program",)):
        with pytest.raises(SourceAbsent, match="no Neuron device"):
            make_roster(settings(neuron_monitor=command)).sources()


def test_without_neuron_monitor_each_device_of_the_driver_is_a_source(settings: Callable[..., Settings]) -> None:
    told = settings(neuron_monitor=("no-such-program",))
    for number in range(2):
        write_tree(told.sysfs / DEVICES / f"neuron{number}", device_files())
    with closing(make_roster(told)) as roster:
        before = roster.sources()
        assert sorted(before) == ["neuron", "neuron/neuron0", "neuron/neuron1"]
        assert values(before["neuron"].read(), "node_accelerators") == {("node-1", "visible"): 2.0}
        write_tree(told.sysfs / DEVICES / "neuron2", device_files())
        (told.sysfs / DEVICES / "neuron0").rename(told.sysfs / "gone")
        after = roster.sources()
        assert sorted(after) == ["neuron", "neuron/neuron1", "neuron/neuron2"]
        assert after["neuron/neuron1"] is before["neuron/neuron1"]


def test_neuron_monitor_goes_before_the_driver(settings: Callable[..., Settings]) -> None:
    told = settings(neuron_monitor=FAKE)
    write_tree(told.sysfs / DEVICES / "neuron0", device_files())
    with closing(make_roster(told)) as roster:
        assert list(roster.sources()) == ["neuron"]


def test_a_program_that_is_installed_where_no_device_is_tells_of_an_absent_one(
    settings: Callable[..., Settings],
) -> None:
    told = settings(neuron_monitor=(*FAKE, "--fault", "exit@1"))
    with closing(make_roster(told)) as roster, pytest.raises(SourceAbsent):
        roster.sources()["neuron"].read()


def test_lines_at_hand_go_before_starting_a_program(settings: Callable[..., Settings], tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(line_of(TRN1) + b"\n")
    with closing(make_roster(settings(neuron_monitor=("no-such-program",), neuron_source=path))) as roster:
        samples = list(roster.sources()["neuron"].read())
        assert len(values(samples, "accelerator_up")) == 16


def test_both_ways_give_a_device_the_same_name(settings: Callable[..., Settings], tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(line_of(TRN1) + b"\n")
    told = settings()
    write_tree(told.sysfs, {ASSET_TAG: "i-0fedcba9876543210\n"})
    write_tree(told.sysfs / DEVICES / "neuron0", device_files())
    found = []
    for one in (told, settings(neuron_source=path)):
        with closing(make_roster(one)) as roster:
            *_, source = roster.sources().values()
            found.append(min(values(source.read(), "accelerator_up")))
    assert found == [("i-0fedcba9876543210/neuron0",)] * 2


@pytest.mark.parametrize(
    ("text", "found"),
    [("i-0fedcba9876543210\n", "i-0fedcba9876543210"), ("Not Specified\n", ""), ("", ""), (None, "")],
)
def test_the_firmware_tells_the_instance_id_on_ec2(tmp_path: Path, text: str | None, found: str) -> None:
    if text is not None:
        write_tree(tmp_path, {ASSET_TAG: text})
    assert instance_id_of_firmware(tmp_path) == found


@pytest.mark.parametrize(
    ("device_type", "instance_type", "model"),
    [
        ("trainium2", "", "Trainium2"),
        ("Inferentia2", "", "Inferentia2"),
        ("trainium", "trn1.2xlarge", "Trainium1"),
        ("", "trn2.48xlarge", "Trainium2"),
        ("trainium9", "", "trainium9"),
        ("", "", ""),
    ],
)
def test_models_are_called_as_in_the_peak_table(device_type: str, instance_type: str, model: str) -> None:
    assert chip_of(device_type, instance_type) == model
