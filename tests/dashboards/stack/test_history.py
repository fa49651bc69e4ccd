"""The minutes before the live fleet: the same machines, as text that a reader of OpenMetrics takes whole."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("grpc")
pytest.importorskip("pynvml")

from dashboards.stack.history import write_history
from exporters.pages.parser import Format, PageParser
from exporters.simulation.live import fleet_before, live_fleet

_NOW = 1_795_540_000.4


def test_it_is_the_live_fleet_until_now_and_every_line_can_be_read(tmp_path: Path) -> None:
    before, live = fleet_before(7, _NOW, 60.0, 15.0), live_fleet(7, _NOW, 60.0, 5.0)
    assert [node.name for node in before.nodes] == [node.name for node in live.nodes]
    assert [target.name for target in before.targets] == [target.name for target in live.targets]
    assert (before.end - before.start, before.end) == (60.0, live.start)

    write_history(before, tmp_path / "history.om")
    body = (tmp_path / "history.om").read_bytes()
    page = PageParser().parse(body, _NOW, Format.OPENMETRICS)
    assert len(page.series) == body.count(b"\n") - 1  # all but the end mark
    assert all(before.start <= at < before.end + 1 for at in page.at)
    ups = {dict(series.labels)["instance"] for series in page.series if series.name == "up"}
    assert {f"{node.address}:19400" for node in before.nodes if node.machine.card} <= ups
