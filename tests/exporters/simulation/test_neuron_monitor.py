"""The simulated neuron-monitor is a real program, agrees with itself, and fails as it is told to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.simulation.neuron_monitor_lines import INSTANCE_TYPES, Json, Process, document, machine_of

PROGRAM = (sys.executable, "-m", "exporters.simulation.neuron_monitor")


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *options], capture_output=True, text=True, check=False, timeout=60)


def printed(*options: str) -> list[Json]:
    done = run(*options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("instance_type", INSTANCE_TYPES)
def test_an_idle_machine_lists_its_hardware_and_nobody(instance_type: str) -> None:
    (line,) = printed("--instance-type", instance_type, "--lines", "1")
    hardware = line["neuron_hardware_info"]
    assert line["neuron_runtime_data"] == []
    assert line["instance_info"]["instance_type"] == instance_type
    assert len(line["system_data"]["neuron_hw_counters"]["neuron_devices"]) == hardware["neuron_device_count"]


@pytest.mark.parametrize(("joined", "cores", "has_halves"), [("1", 8, False), ("2", 4, True)])
def test_physical_cores_are_told_where_they_are_joined(joined: str, cores: int, has_halves: bool) -> None:
    options = ("--instance-type", "trn2.48xlarge", "--lnc", joined, "--process", "llm=0.5", "--lines", "1")
    (line,) = printed(*options)
    assert line["neuron_hardware_info"]["neuroncore_per_device_count"] == cores
    in_use = line["neuron_runtime_data"][0]["report"]["neuroncore_counters"]["neuroncores_in_use"]
    assert len(in_use) == 16 * cores
    assert {"v3d" in core for core in in_use.values()} == {has_halves}


def test_processes_share_the_devices() -> None:
    (line,) = printed("--instance-type", "trn1.32xlarge", "--process", "a=0.5", "--process", "b=1", "--lines", "1")
    in_use = [one["report"]["neuroncore_counters"]["neuroncores_in_use"] for one in line["neuron_runtime_data"]]
    assert [sorted(map(int, cores)) for cores in in_use] == [list(range(16)), list(range(16, 32))]
    assert [one["neuron_runtime_tag"] for one in line["neuron_runtime_data"]] == ["a", "b"]


@given(st.sampled_from(INSTANCE_TYPES), st.floats(0, 1), st.floats(1, 60))
def test_a_line_agrees_with_itself(instance_type: str, share: float, period: float) -> None:
    machine = machine_of(instance_type)
    line = document(machine, [Process("llm", range(machine.devices), lambda _device, _at: share)], 0.0, period)
    (process,) = line["neuron_runtime_data"]
    used = process["report"]["memory_used"]["neuron_runtime_used_bytes"]
    by_core = used["usage_breakdown"]["neuroncore_memory_usage"]
    assert used["neuron_device"] == sum(sum(kinds.values()) for kinds in by_core.values())
    assert used["host"] == sum(used["usage_breakdown"]["host"].values())
    cores = process["report"]["neuroncore_counters"]["neuroncores_in_use"]
    assert sum(core["flops"] for core in cores.values()) <= machine.chip.peak_flops * machine.devices
    for core in cores.values():
        halves = [half["neuroncore_utilization"] for half in core.get("v3d", {}).values()]
        assert all(0 <= half <= 100 for half in halves)
        assert not halves or sum(halves) / len(halves) == pytest.approx(core["neuroncore_utilization"])


def test_activity_is_asked_for_by_device_and_time() -> None:
    machine = machine_of("trn1.32xlarge")
    process = Process("llm", [2, 3], lambda device, at: device / 10 + at / 1000)
    line = document(machine, [process], 105.0, 10.0)
    cores = line["neuron_runtime_data"][0]["report"]["neuroncore_counters"]["neuroncores_in_use"]
    assert {core: round(told["neuroncore_utilization"], 6) for core, told in cores.items()} == {
        "4": 30.0,
        "5": 30.0,
        "6": 40.0,
        "7": 40.0,
    }


@pytest.mark.parametrize(("period", "seconds"), [("1s", 1.0), ("1.0s", 5.0)])
def test_the_period_comes_from_the_configuration_in_whole_seconds(tmp_path: Path, period: str, seconds: float) -> None:
    path = tmp_path / "monitor.json"
    path.write_text(json.dumps({"period": period}))
    (line,) = printed("-c", str(path), "--lines", "1")
    assert line["system_data"]["neuron_hw_counters"]["period"] == seconds


@pytest.mark.parametrize("fault", ["bad", "nan", "cut"])
def test_a_spoiled_line_is_no_json(fault: str) -> None:
    spoiled = run("--fault", f"{fault}@1", "--lines", "1").stdout.strip()
    with pytest.raises(ValueError):
        json.loads(spoiled, parse_constant=_refused)


def _refused(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")


def test_a_huge_line_is_huge() -> None:
    assert len(run("--fault", "huge@1", "--lines", "1").stdout) > 20_000_000


def test_an_end_has_a_status_and_a_reason() -> None:
    done = run("--period", "0.01", "--fault", "exit@3")
    assert (done.returncode, len(done.stdout.splitlines())) == (3, 2)
    assert "no driver" in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    with subprocess.Popen([*PROGRAM, "--period", "0.01"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(60) == 3
        assert child.stderr is not None
        assert child.stderr.read() == b""
