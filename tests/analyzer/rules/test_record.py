"""Recording rules with constant prices, run by a real Prometheus over small clusters."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.rules.constants import Constant
from analyzer.rules.record import groups
from gpuyield.__main__ import main

_PRICES = [Constant("p5.48xlarge", 64.0, "list"), Constant("g5.xlarge", 1.0, "list")]
_LIST = {"price_basis": "list"}
_P5 = {"instance_type": "p5.48xlarge", **_LIST}
_G5 = {"instance_type": "g5.xlarge", **_LIST}

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def _series(text: str, value: float = 1.0) -> dict[str, str]:
    return {"series": text, "values": f"{value}x10"}


def _cluster() -> list[dict[str, str]]:
    """Two nodes; a team holds 6 of 8 GPUs, another one did and has finished."""
    found = [
        _series('kube_node_labels{node="a", label_node_kubernetes_io_instance_type="p5.48xlarge"}'),
        _series('kube_node_labels{node="b", label_node_kubernetes_io_instance_type="g5.xlarge"}'),
        _series('kube_node_labels{node="c", label_node_kubernetes_io_instance_type="m7i.large"}'),
        _series('kube_node_status_capacity{node="a", resource="nvidia_com_gpu"}', 8),
        _series('kube_node_status_capacity{node="b", resource="nvidia_com_gpu"}', 1),
    ]
    for pod, team, node, gpus, phase in (("x", "red", "a", 6, "Running"), ("y", "blue", "b", 1, "Succeeded")):
        own = f'namespace="{team}", pod="{pod}"'
        asked = f'{own}, node="{node}", container="main", resource="nvidia_com_gpu"'
        found.append(_series(f"kube_pod_container_resource_requests{{{asked}}}", gpus))
        found += [
            _series(f'kube_pod_status_phase{{{own}, phase="{other}"}}', float(other == phase))
            for other in ("Running", "Succeeded")
        ]
    for index in range(8):
        gpu = f'gpu="{index}", UUID="GPU-{index}", Hostname="a"'
        found.append(_series(f"DCGM_FI_DEV_GPU_UTIL{{{gpu}}}", 90 if index < 6 else 0))
    return found


def _run(folder: Path, given: list[dict[str, str]], wanted: dict[str, list[tuple[dict[str, str], float]]]) -> None:
    (folder / "rules.yml").write_text(yaml.safe_dump(groups(_PRICES)))
    tests = [
        {
            "expr": f"round({name}, 0.5)",  # promtool compares the last digit too
            "eval_time": "8m",
            "exp_samples": [{"labels": _labels(labels), "value": value} for labels, value in samples],
        }
        for name, samples in wanted.items()
    ]
    content: dict[str, Any] = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": tests}],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(content))
    done = subprocess.run(
        ["promtool", "test", "rules", folder / "test.yml"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _labels(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


@promtool
def test_a_node_costs_what_its_type_costs_and_unknown_types_cost_nothing_known(tmp_path: Path) -> None:
    _run(
        tmp_path,
        _cluster(),
        {"gpuyield:node_dollars_per_hour": [({"node": "a", **_P5}, 64), ({"node": "b", **_G5}, 1)]},
    )


@promtool
def test_held_free_and_inactive_dollars(tmp_path: Path) -> None:
    _run(
        tmp_path,
        _cluster(),
        {
            "gpuyield:held_dollars_per_hour": [({"namespace": "red", **_P5}, 48)],
            "gpuyield:free_dollars_per_hour": [(_P5, 16), (_G5, 1)],
            "gpuyield:inactive_dollars_per_hour": [(_P5, 16)],
        },
    )


@promtool
def test_slices_of_a_node_never_cost_more_than_the_node(tmp_path: Path) -> None:
    given = [
        _series('kube_node_labels{node="b", label_node_kubernetes_io_instance_type="g5.xlarge"}'),
        _series('kube_node_status_capacity{node="b", resource="nvidia_com_gpu"}', 0),
    ]
    for profile in ("1g_24gb", "2g_48gb"):
        own = f'namespace="{profile}", pod="p"'
        resource = f'node="b", resource="nvidia_com_mig_{profile}"'
        given.append(_series(f"kube_node_status_capacity{{{resource}}}"))
        given.append(_series(f'kube_pod_container_resource_requests{{{own}, container="main", {resource}}}'))
        given.append(_series(f'kube_pod_status_phase{{{own}, phase="Running"}}'))
    held = [({"namespace": profile, **_G5}, 0.5) for profile in ("1g_24gb", "2g_48gb")]
    _run(tmp_path, given, {"gpuyield:held_dollars_per_hour": held, "gpuyield:free_dollars_per_hour": [(_G5, 0)]})


@promtool
@pytest.mark.parametrize("options", [(), ("--cluster-label", "k8s_cluster")])
def test_what_the_command_writes_is_what_promtool_takes(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "rules.yml"
    assert main(["rules", "record", "--output", str(path), *options]) == 0
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_type_is_free_and_each_says_its_basis(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "record"]) == 0
    [group] = yaml.safe_load(capsys.readouterr().out)["groups"]
    prices = [rule for rule in group["rules"] if rule["record"] == "gpuyield:instance_type_dollars_per_hour"]
    assert {rule["labels"]["price_basis"] for rule in prices} == {"list"}
    assert all(float(rule["expr"].removeprefix("vector(").removesuffix(")")) > 0 for rule in prices)
    assert "p5.48xlarge" in {rule["labels"]["instance_type"] for rule in prices}


def test_a_rate_cards_price_goes_before_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = {"prices": [{"match": {"instance_type": "dgx-lab"}, "per_hour": 9.5, "basis": "list"}]}
    (tmp_path / "rates.yaml").write_text(yaml.safe_dump(card))
    assert main(["rules", "record", "--prometheus-rule", "--prices", str(tmp_path / "rates.yaml")]) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert found["kind"] == "PrometheusRule"
    [dgx] = [
        rule for rule in found["spec"]["groups"][0]["rules"] if rule.get("labels", {}).get("instance_type") == "dgx-lab"
    ]
    assert dgx["expr"] == "vector(9.5)"
