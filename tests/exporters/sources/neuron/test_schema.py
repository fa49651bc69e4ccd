"""Lines of neuron-monitor are read whatever they lack."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.simulation.neuron_monitor_lines import Process, document, machine_of
from exporters.sources.neuron.schema import UNREADABLE, Report, number_of, report_of
from exporters.sources.neuron.telling import Telling
from tests.exporters.sources.neuron.conftest import AT

WHOLE = document(machine_of("trn2.48xlarge"), [Process("llm", range(2), lambda _device, _at: 0.5)], AT, 10.0)
MINIMAL = b"""{"neuron_runtime_data":[{"pid":4242,"neuron_runtime_tag":"llm","error":"","report":{
"neuroncore_counters":{"period":1.0,"neuroncores_in_use":{"0":{"neuroncore_utilization":55.5,"flops":2000000000000,
"v3d":{"nc_v3.0":{"neuroncore_utilization":50.0},"nc_v3.1":{"neuroncore_utilization":61.0}}}},"error":""},
"execution_stats":{"period":1.0,"error_summary":{"generic":0},"execution_summary":{"completed":9},
"latency_stats":{"total_latency":null,"device_latency":null},"error":""}}}],"system_data":{},"instance_info":{"error":""},
"neuron_hardware_info":{"neuron_device_count":16,"neuroncore_per_device_count":4,"error":""}}"""


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in a JSON value."""
    inside: list[tuple[str | int, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        inside += [(*path, key), *paths(one, (*path, key))]
    return inside


PATHS = [path for path in paths(WHOLE) if not any(part in range(1, 99) for part in path)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def changed(path: tuple[str | int, ...], change: Callable[[Any, Any], None]) -> bytes:
    whole = json.loads(json.dumps(WHOLE))
    place = whole
    for key in path[:-1]:
        place = place[key]
    change(place, path[-1])
    return json.dumps(whole).encode()


def told(line: bytes) -> Report | None:
    """The line as far as it can be read, and its samples made, which must not fail."""
    try:
        report = report_of(line)
    except UNREADABLE:
        return None
    Telling("node-1", "").samples(report, AT)
    return report


@given(st.lists(st.sampled_from(PATHS), max_size=6))
def test_any_part_may_be_missing(gone: list[tuple[str | int, ...]]) -> None:
    whole: Any = json.loads(json.dumps(WHOLE))
    for path in gone:
        place = whole
        for key in path[:-1]:
            place = place.get(key, {}) if isinstance(place, dict) else place[key] if place else {}
        if place:
            place.pop(path[-1], None) if isinstance(place, dict) else place.clear()
    assert told(json.dumps(whole).encode()) is not None


@given(st.sampled_from(PATHS), JSON)
def test_any_part_may_be_something_else(path: tuple[str | int, ...], other: object) -> None:
    report = told(changed(path, lambda place, key: place.__setitem__(key, other)))
    assert report is not None


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    told(line)


def test_nesting_without_end_is_refused() -> None:
    assert told(b"[" * 200_000) is None
    assert told(b'{"system_data":' * 200_000) is None


def test_a_group_of_another_shape_costs_only_itself() -> None:
    group = ("neuron_runtime_data", 0, "report", "execution_stats")
    report = told(changed(group, lambda place, key: place.__setitem__(key, "soon")))
    assert report is not None
    assert report.runtimes
    assert report.not_understood == 1
    assert report.runtimes[0].execution is None
    assert report.runtimes[0].cores is not None
    assert report.hardware is not None


def test_a_group_that_reports_an_error_is_missing() -> None:
    hardware = ("neuron_hardware_info", "error")
    report = told(changed(hardware, lambda place, key: place.__setitem__(key, "no driver")))
    assert report is not None
    assert report.hardware is None
    assert report.not_understood == 0


def test_nobody_runs_and_nobody_knows_who_runs_are_two_things() -> None:
    assert report_of(b'{"neuron_runtime_data": null}').runtimes == []
    assert report_of(b'{"neuron_runtime_data": []}').runtimes == []
    assert report_of(b"{}").runtimes is None
    assert report_of(b'{"neuron_runtime_data": "?"}').runtimes is None


def test_a_process_without_a_tag_is_called_by_its_number() -> None:
    report = report_of(b'{"neuron_runtime_data": [{"pid": 7}]}')
    assert report.runtimes is not None
    assert [one.tag for one in report.runtimes] == ["7"]


def test_the_minimal_line_of_the_guide() -> None:
    report = report_of(MINIMAL)
    assert report.runtimes
    cores = report.runtimes[0].cores
    assert cores is not None
    assert cores.neuroncores_in_use is not None
    assert cores.neuroncores_in_use["0"].flops == 2e12


@pytest.mark.parametrize(
    ("name", "number"),
    [("0", 0), ("63", 63), ("", None), ("-1", None), ("all", None), ("\u0663", None), ("9" * 5000, None)],
)
def test_keys_are_numbers_or_nothing(name: str, number: int | None) -> None:
    assert number_of(name) == number


@pytest.mark.parametrize("count", [-1, 10**30, "many"])
def test_a_nonsensical_count_is_no_hardware(count: object) -> None:
    line = json.dumps({"neuron_hardware_info": {"neuron_device_count": count}}).encode()
    report = report_of(line)
    assert report.hardware is None
    assert report.not_understood == 1
