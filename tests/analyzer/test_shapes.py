"""Which instance type a node is: each rung alone, their order, and what is left open when none answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.nodes_file import NodesFile, read_nodes_file
from analyzer.ledger.options import Options
from analyzer.pricing.ec2_instances import Described
from analyzer.pricing.instances import instance_types
from analyzer.report.build import build_report
from analyzer.stores.parquet import ParquetStore
from exporters.importing.importer import import_paths
from tests.analyzer.conftest import START, Ledgers, Scene, by, every, ledger_of, rows_of

TIMES = every(START - 300, START + 600, 30)
ID = "aws:///us-west-2b/i-0abc"
H100 = "NVIDIA H100 80GB HBM3"
EXPORTER = {"namespace": "monitoring", "pod": "exporter-1"}


def _bare(node: str = "n", gpus: int = 1, model: str = H100, provider_id: str = ID, ip: str = "", **more: str) -> Scene:
    """A node whose labels nobody tells, with its devices: kube-state-metrics as it is by default, and DCGM."""
    scene = Scene().add("kube_node_info", TIMES, node=node, provider_id=provider_id, internal_ip=ip, **more)
    scene.add("kube_node_created", [(at, START - 90_000) for at, _ in TIMES], node=node, **more)
    for gpu in range(gpus):
        scene.gpu(node, gpu, TIMES, 0.5, modelName=model, **more)
    return scene


def _open(*nodes: str) -> Scene:
    """Nodes that fit no type by themselves; node `a` has the address 10.1.0.1 and the exporter pod e-a, and so on."""
    scene = Scene()
    for number, node in enumerate(nodes or ("n",), 1):
        ip = f"10.1.0.{number}"
        scene.points += _bare(node, 3, provider_id=f"aws:///us-west-2b/i-{number:x}", ip=ip).points
        scene.add("kube_pod_info", TIMES, node=node, pod_ip=ip, uid=f"u-{node}", namespace="m", pod=f"e-{node}")
    return scene


def _ledger(ledgers: Ledgers, scene: Scene, options: Options | None = None) -> Ledger:
    return ledgers(scene, START, START + 300, options)


def _answers(ledgers: Ledgers, scene: Scene, options: Options | None = None) -> dict[str, tuple[str, str, str]]:
    """Type, capacity type and rung of each node."""
    nodes = _ledger(ledgers, scene, options).nodes
    return {node.name: (node.shape.instance_type, node.shape.capacity_type, node.shape.rung) for node in nodes}


def _describe(provider_ids: Sequence[str]) -> dict[str, Described]:
    return {one: Described("p5.48xlarge", "spot", START + 60) for one in provider_ids}


def _file(tmp_path: Path, text: str) -> NodesFile:
    path = tmp_path / "nodes.yaml"
    path.write_text(text, encoding="utf-8")
    return read_nodes_file(path)


# The series of each rung, each telling of another type, the most trusted first: rung, type, capacity, name, labels.
SERIES: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    (
        "gpuyield",
        "p3.2xlarge",
        "reserved",
        "gpuyield_node_shape_info",
        {"instance_type": "p3.2xlarge", "capacity_type": "reserved"},
    ),
    (
        "karpenter",
        "p3.8xlarge",
        "spot",
        "karpenter_nodes_allocatable",
        {"resource_type": "cpu", "instance_type": "p3.8xlarge", "capacity_type": "spot"},
    ),
    (
        "kube-state-metrics",
        "p3.16xlarge",
        "on-demand",
        "kube_node_labels",
        {
            "label_node_kubernetes_io_instance_type": "p3.16xlarge",
            "label_eks_amazonaws_com_capacityType": "ON_DEMAND",
        },
    ),
    (
        "target-labels",
        "p3dn.24xlarge",
        "reserved",
        "up",
        {"beta_kubernetes_io_instance_type": "p3dn.24xlarge", "karpenter_sh_capacity_type": "reserved"},
    ),
    (
        "node-exporter",
        "p4d.24xlarge",
        "",
        "node_dmi_info",
        {"system_vendor": "Amazon EC2", "product_name": "p4d.24xlarge"},
    ),
)
NODE_LABEL = {"karpenter": "node_name"}


def _tell(scene: Scene, rung: str, node: str) -> None:
    [(name, labels)] = [(name, labels) for known, _, _, name, labels in SERIES if known == rung]
    scene.add(name, TIMES, **labels, **{NODE_LABEL.get(rung, "node"): node})


def test_each_series_answers_alone(ledgers: Ledgers) -> None:
    rungs = [rung for rung, *_ in SERIES]
    scene = _open(*rungs)
    for rung in rungs:
        _tell(scene, rung, rung)
    assert _answers(ledgers, scene) == {rung: (name, capacity, rung) for rung, name, capacity, *_ in SERIES}


def test_the_most_trusted_series_wins_and_the_others_fill(ledgers: Ledgers) -> None:
    rungs = [rung for rung, *_ in SERIES]
    scene = _open(*rungs)
    for position, node in enumerate(rungs):
        for rung in reversed(rungs[position:]):
            _tell(scene, rung, node)
    found = _answers(ledgers, scene, Options(describe=_describe))
    # The firmware does not know how a machine was bought; EC2 does.
    assert found == {rung: (name, capacity or "spot", rung) for rung, name, capacity, *_ in SERIES}


def test_a_label_that_is_no_type_does_not_win(ledgers: Ledgers) -> None:
    wrong = {"a": "", "b": "k3s", "c": "unknown"}
    scene = _open(*wrong)
    for node, value in wrong.items():
        scene.add("kube_node_labels", TIMES, node=node, label_node_kubernetes_io_instance_type=value)
        _tell(scene, "node-exporter", node)
    assert _answers(ledgers, scene) == dict.fromkeys(wrong, ("p4d.24xlarge", "", "node-exporter"))


def test_a_name_that_is_used_again_for_another_type(ledgers: Ledgers) -> None:
    scene = Scene()
    ends = ((START - 300, START + 120), (START + 150, START + 600))
    for number, instance_type in enumerate(("p5.4xlarge", "g6e.12xlarge")):
        times, own = every(*ends[number], 30), {"node": "n"}
        scene.add("kube_node_info", times, provider_id=f"aws:///us-east-1a/i-{number}", **own)
        scene.add("kube_node_labels", times, label_node_kubernetes_io_instance_type=instance_type, **own)
        scene.add("kube_node_status_capacity", times, resource="nvidia_com_gpu", **own)
    found = [(node.provider_id[-1], node.shape.instance_type) for node in _ledger(ledgers, scene).nodes]
    assert found == [("0", "p5.4xlarge"), ("1", "g6e.12xlarge")]


def test_a_machine_of_another_kind_gets_no_ec2_price(ledgers: Ledgers) -> None:
    scene = _bare(gpus=8).add("kube_node_labels", TIMES, node="n", label_node_kubernetes_io_instance_type="k3s")
    ledger = _ledger(ledgers, scene)
    assert (ledger.nodes[0].shape.instance_type, ledger.nodes[0].prices.prices()) == ("k3s", [])
    elsewhere = _ledger(ledgers, _bare(gpus=8, provider_id="gce://project/zone/n"))
    assert (elsewhere.nodes[0].shape.rung, elsewhere.nodes[0].prices.prices()) == ("", [])


FOUND_BY: dict[str, dict[str, str]] = {
    "a": {"node": "a"},
    "b": {"kubernetes_node": "b", "instance": "elsewhere:1"},
    "c": {"nodename": "c"},
    "d": {"instance": "10.1.0.4:9100"},
    "e": {"instance": "10.9.9.9:9100", "namespace": "m", "pod": "e-e"},
}


@pytest.mark.parametrize(
    ("name", "labels", "more"),
    [
        ("up", {"node_kubernetes_io_instance_type": "p4d.24xlarge"}, {"f": {"kubernetes_io_hostname": "f"}}),
        ("up", {"instance_type": "p4d.24xlarge"}, {"f": {"instance": "f:9400"}}),  # where its devices are scraped
        ("node_dmi_info", {"system_vendor": "Amazon EC2", "product_name": "p4d.24xlarge"}, {}),
    ],
)
def test_targets_find_their_node(
    ledgers: Ledgers, name: str, labels: dict[str, str], more: dict[str, dict[str, str]]
) -> None:
    ways = FOUND_BY | more
    scene = _open(*ways)
    for found_by in ways.values():
        scene.add(name, TIMES, **labels, **found_by)
    assert {node: answer[0] for node, answer in _answers(ledgers, scene).items()} == dict.fromkeys(ways, "p4d.24xlarge")


def test_a_target_of_an_unknown_node_tells_nothing(ledgers: Ledgers) -> None:
    scene = _open().add("up", TIMES, node="other", instance_type="p4d.24xlarge", instance="10.7.7.7:1")
    scene.add("node_dmi_info", TIMES, node="n", system_vendor="Xen", product_name="HVM domU")
    ledger = _ledger(ledgers, scene)
    assert [node.name for node in (*ledger.nodes, *ledger.cpu_nodes)] == ["n"]
    assert ledger.nodes[0].shape.rung == ""


def test_labels_on_the_devices_own_samples(ledgers: Ledgers) -> None:
    scene = _bare(gpus=3, node_kubernetes_io_instance_type="p5.48xlarge")
    assert _answers(ledgers, scene) == {"n": ("p5.48xlarge", "", "target-labels")}


def test_ec2_tells_type_launch_and_place(ledgers: Ledgers) -> None:
    [node] = _ledger(ledgers, _open(), Options(describe=_describe)).nodes
    assert (node.shape.rung, node.shape.instance_type, node.shape.capacity_type) == ("ec2", "p5.48xlarge", "spot")
    assert (node.shape.region, node.shape.zone) == ("us-west-2", "us-west-2b")
    assert node.shape.launched == round((START + 60) * 1e6)


def test_a_node_is_paid_for_from_its_launch(ledgers: Ledgers) -> None:
    times = every(START + 150, START + 600, 30)
    scene = Scene().add("kube_node_info", times, node="n", provider_id=ID)
    scene.add("kube_node_created", [(at, START + 120) for at, _ in times], node="n").gpu("n", 0, times, 0.5)
    assert by(_ledger(ledgers, scene), "node") == {"n": 180.0}
    ledger = _ledger(ledgers, scene, Options(describe=_describe))
    assert by(ledger, "node") == {"n": 8 * 240.0}


def test_only_ids_of_ec2_are_asked_for(ledgers: Ledgers) -> None:
    asked: list[str] = []

    def describe(provider_ids: Sequence[str]) -> dict[str, Described]:
        asked.extend(provider_ids)
        return {}

    scene = _bare("a")
    scene.points += _bare("b", provider_id="eks-hybrid:///eu-central-1/c/mi-0abc").points
    _ledger(ledgers, scene, Options(describe=describe))
    assert asked == [ID]


def test_the_users_word_comes_after_labels_and_ec2(ledgers: Ledgers, tmp_path: Path) -> None:
    file = _file(tmp_path, "- match: {node: n}\n  instance_type: p4de.24xlarge\n  region: eu-west-1\n")
    assert _answers(ledgers, _open(), Options(nodes_file=file)) == {"n": ("p4de.24xlarge", "", "nodes-file")}
    both = Options(nodes_file=file, describe=_describe)
    assert _answers(ledgers, _open(), both) == {"n": ("p5.48xlarge", "spot", "ec2")}


def test_own_hardware_costs_what_the_user_says(ledgers: Ledgers, tmp_path: Path) -> None:
    file = _file(tmp_path, "- match: {node: n}\n  dollars_per_hour: 24\n  accelerators: 4\n")
    scene = _bare(gpus=0, provider_id="")
    ledger = _ledger(ledgers, scene, Options(nodes_file=file))
    assert sum(by(ledger, "node", "dollars").values()) == pytest.approx(2.0, rel=1e-9)
    assert by(ledger, "node") == {"n": 4 * 300.0}
    report = build_report(ledger, [])
    assert [(one.rung, one.nodes) for one in report.bill.instance_type_rungs] == [("nodes file", 1)]
    assert report.bill.dollars.sources == [f"nodes file nodes.yaml, {file.as_of}"]


def test_one_type_fits_model_and_count(ledgers: Ledgers) -> None:
    ledger = _ledger(ledgers, _bare(gpus=8))
    assert (ledger.nodes[0].shape.instance_type, ledger.nodes[0].shape.rung) == ("p5.48xlarge", "one-fits")
    assert build_report(ledger, []).bill.dollars.high is None


def test_several_types_fit_and_make_a_range(ledgers: Ledgers) -> None:
    ledger = _ledger(ledgers, _bare(gpus=4, model="NVIDIA A10G"))
    report = build_report(ledger, [])
    low, high = 5.672 / 12, 8.144 / 12
    assert {row["instance_type"] for row in rows_of(ledger)} == {""}
    assert sum(by(ledger, "state", "dollars").values()) == pytest.approx(low, rel=1e-9)
    for figure in (report.bill.dollars, report.nodes[0].dollars):
        assert (figure.value, figure.low, figure.high) == pytest.approx((low, low, high))
    [rung] = report.bill.instance_type_rungs
    assert rung.nodes == 1
    assert rung.dollars == pytest.approx(low)
    [said] = [text for text in report.warnings if "g5.12xlarge" in text]
    assert said.startswith("node n:")
    assert "g5.24xlarge" in said
    assert "$0.47" in said
    assert "$0.68" in said


def test_what_a_node_advertises_counts_when_its_exporter_is_partly_down(ledgers: Ledgers) -> None:
    scene = _bare(gpus=5)
    scene.add("kube_node_status_capacity", [(at, 8.0) for at, _ in TIMES], node="n", resource="nvidia_com_gpu")
    assert _answers(ledgers, scene)["n"][0] == "p5.48xlarge"


def test_an_exchanged_device_is_not_one_more(ledgers: Ledgers) -> None:
    scene = _bare(gpus=0)
    early, late = every(START - 300, START + 120, 30), every(START + 210, START + 600, 30)
    for uuid, times in (("GPU-old", early), ("GPU-new", late)):
        scene.add("DCGM_FI_DEV_FB_USED", times, UUID=uuid, gpu="", modelName="NVIDIA A100-SXM4-40GB", Hostname="n")
    for other in range(7):
        scene.gpu("n", other, TIMES, 0.5, modelName="NVIDIA A100-SXM4-40GB", UUID=f"GPU-{other}")
    assert _answers(ledgers, scene)["n"][0] == "p4d.24xlarge"


def test_a_device_of_no_type_has_seconds_and_no_dollars(ledgers: Ledgers) -> None:
    scene = Scene()
    models = ("NVIDIA RTX A6000", "NVIDIA H100 PCIe", "Matrox G200")
    for number, model in enumerate(models):
        scene.points += _bare(f"n{number}", 1, model, f"aws:///us-east-1a/i-{number}").points
    ledger = _ledger(ledgers, scene)
    report = build_report(ledger, [])
    assert by(ledger, "node") == {"n0": 300.0, "n1": 300.0, "n2": 300.0}
    assert report.bill.dollars.value is None
    assert [row["dollars"] for row in rows_of(ledger) if row["dollars"] is not None] == []
    assert [one.signal for one in report.blind_spots if "--nodes FILE" in one.remedy] == ["price"] * 3
    assert [(one.rung, one.nodes) for one in report.bill.instance_type_rungs] == [("no source", 3)]


def test_a_recorded_fleet_without_its_node_labels(recording: Callable[[str], Path], tmp_path: Path) -> None:
    """Its truth is among the types that fit, and its cost inside the range."""
    folder = recording("fleet-sample")
    for page in (folder / "om").glob("*.om"):
        lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = (line for line in lines if "kube_node_labels" not in line and "karpenter_nodes" not in line)
        (tmp_path / page.name).write_text("".join(kept), encoding="utf-8")
    import_paths(sorted(tmp_path.glob("*.om")), tmp_path / "store", {})
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    told = {node["node"]: node for node in truth["nodes"]}
    ledger = ledger_of(ParquetStore(tmp_path / "store"), truth["window"]["start"], truth["window"]["end"])
    assert len(ledger.nodes) == len(told)
    dollars = {line.node: line.dollars for line in build_report(ledger, []).nodes}
    for node in ledger.nodes:
        true, figure = told[node.name], dollars[node.name]
        if not node.shape.rung:  # no exporter names the model of its devices
            assert figure.value is None
            continue
        assert true["instance_type"] in (node.shape.may_be or (node.shape.instance_type,))
        room = 1e-6 * true["dollars"] + true["allowance_dollars"]
        low, high = (figure.value if bound is None else bound for bound in (figure.low, figure.high))
        assert low is not None
        assert high is not None
        assert low - room <= true["dollars"] <= high + room
    assert sum(node.shape.rung == "" for node in ledger.nodes) == 1


COUNTS = st.sampled_from(
    sorted({(one.accelerator_model, one.devices) for one in instance_types().values() if one.vendor == "nvidia"})
)


@settings(max_examples=3, derandomize=True, deadline=None, database=None)
@given(kinds=st.lists(COUNTS.filter(lambda kind: bool(kind[0])), min_size=1, max_size=3))
def test_states_make_the_bill_whatever_is_guessed(ledgers: Ledgers, kinds: list[tuple[str, int]]) -> None:
    scene = Scene()
    for number, (model, count) in enumerate(kinds):
        scene.points += _bare(f"n{number}", count, model, f"aws:///us-east-1a/i-{number:x}").points
    ledger = _ledger(ledgers, scene)
    figure = build_report(ledger, []).bill.dollars
    spent = math.fsum(row["dollars"] or 0.0 for row in rows_of(ledger))
    assert spent == pytest.approx(figure.value or 0.0, rel=1e-9)
    if figure.high is not None:
        assert figure.low == figure.value
        assert figure.high >= spent * (1 - 1e-9)
    assert by(ledger, "node") == pytest.approx({f"n{i}": 300.0 * count for i, (_, count) in enumerate(kinds)})
