"""Elastic Fabric Adapters from a small tree of the kernel's files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical import efa
from exporters.metric import Kind, Unit
from exporters.source import SourceAbsent, SourceFailed
from exporters.sources.efa import make_roster
from tests.exporters.sources.neuron.conftest import check_golden, values, write_tree

PORT = "ports/1/hw_counters"
FILES = {
    "device/vendor": "0x1d0f\n",
    "device/device": "0xefa2\n",
    "hw_counters/submitted_cmds": "57\n",
    "hw_counters/lifespan": "12\n",
    f"{PORT}/tx_bytes": "18446744073709551615\n",
    f"{PORT}/rx_drops": "0\n",
    f"{PORT}/retrans_timeout_events": "4\n",
    f"{PORT}/shiny_new_events": "3\n",
    f"{PORT}/shiny_new_bytes": "9\n",
    f"{PORT}/lifespan": "12\n",
}


@dataclass(frozen=True, slots=True)
class Settings:
    sysfs: Path
    node_name: str = "node-1"


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes files of an RDMA device; gives its folder."""

    def write(name: str = "rdmap0s31", **changed: str) -> Path:
        folder = tmp_path / "class/infiniband" / name
        write_tree(folder, FILES | {path.replace("__", "/"): text for path, text in changed.items()})
        return folder

    return write


def test_golden_page(tmp_path: Path, tree: Callable[..., Path]) -> None:
    tree()
    tree("rdmap16s31", device__device="0xefa3\n")
    sources = make_roster(Settings(tmp_path)).sources()
    assert list(sources) == ["efa/rdmap0s31", "efa/rdmap16s31"]
    samples = [sample for source in sources.values() for sample in source.read()]
    assert {sample.metric for sample in samples} <= {metric for one in sources.values() for metric in one.metrics}
    check_golden("efa", samples)


@pytest.mark.parametrize(
    "changed", [{"device__vendor": "0x15b3\n"}, {"device__device": "0x1017\n"}, {"device__vendor": ""}]
)
def test_adapters_of_others_are_left_alone(tmp_path: Path, tree: Callable[..., Path], changed: dict[str, str]) -> None:
    tree(**changed)
    with pytest.raises(SourceAbsent, match="no Elastic Fabric Adapter"):
        make_roster(Settings(tmp_path)).sources()


def test_a_node_without_rdma_devices_is_absent(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsent):
        make_roster(Settings(tmp_path)).sources()


def test_a_counter_that_cannot_be_read_costs_only_itself(tmp_path: Path, tree: Callable[..., Path]) -> None:
    folder = tree()
    (folder / PORT / "rx_drops").write_text("garbage")
    (folder / PORT / "tx_bytes").unlink()
    (folder / PORT / "tx_bytes").mkdir()
    (source,) = make_roster(Settings(tmp_path)).sources().values()
    samples = list(source.read())
    assert values(samples, "efa_rx_drops_total") == {}
    assert values(samples, "efa_tx_bytes_total") == {}
    assert values(samples, "efa_retrans_timeout_events_total") == {("rdmap0s31", "1"): 4.0}


def test_a_counter_that_went_away_ends(tmp_path: Path, tree: Callable[..., Path]) -> None:
    folder = tree()
    (source,) = make_roster(Settings(tmp_path)).sources().values()
    assert values(source.read(), "efa_shiny_new_events_total") == {("rdmap0s31", "1"): 3.0}
    (folder / PORT / "shiny_new_events").unlink()
    assert values(source.read(), "efa_shiny_new_events_total") == {}


def test_an_adapter_that_went_away_is_left_out_and_fails(tmp_path: Path, tree: Callable[..., Path]) -> None:
    folder = tree()
    roster = make_roster(Settings(tmp_path))
    (source,) = roster.sources().values()
    folder.rename(tmp_path / "gone")
    assert roster.sources() == {}
    with pytest.raises(SourceFailed, match="rdmap0s31"):
        source.read()


def test_the_same_adapter_stays_the_same_source(tmp_path: Path, tree: Callable[..., Path]) -> None:
    tree()
    roster = make_roster(Settings(tmp_path))
    before = roster.sources()
    tree("rdmap16s31")
    assert roster.sources()["efa/rdmap0s31"] is before["efa/rdmap0s31"]


@given(st.from_regex(r"[a-z][a-z0-9_]{0,30}", fullmatch=True))
def test_any_counter_name_has_a_metric(name: str) -> None:
    metric = efa.metric_of(name)
    assert metric is not None
    assert metric.kind is Kind.COUNTER
    assert (metric.unit is Unit.BYTES) == name.endswith("_bytes")
    assert metric.name == f"efa_{name}_total"


@pytest.mark.parametrize("name", ["", "9lives", "tx bytes", "tx-bytes", ".hidden", "Ä", "a\n"])
def test_a_name_that_no_metric_can_have_is_left_out(name: str) -> None:
    assert efa.metric_of(name) is None
