"""The user's word on nodes: which entry speaks for a node, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.ledger.nodes import Shape
from analyzer.ledger.nodes_file import NodesFileError, read_nodes_file

GOOD = """\
- match: {node: "gpu-*"}
  instance_type: p5.48xlarge
  capacity_type: capacity-block
  region: eu-west-1
- match: {provider_id: "eks-hybrid:///*", node: "rack-?"}
  dollars_per_hour: 41.5
  accelerators: 8
  accelerator_model: NVIDIA H100 80GB HBM3
- match: {node: "*"}
  capacity_type: spot
"""


def _written(folder: Path, text: str) -> Path:
    path = folder / "nodes.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_first_entry_that_matches_speaks(tmp_path: Path) -> None:
    told = read_nodes_file(_written(tmp_path, GOOD)).shape("gpu-7", "aws:///us-east-1a/i-0abc")
    assert (told.instance_type, told.capacity_type, told.region) == ("p5.48xlarge", "capacity-block", "eu-west-1")
    assert told.rung == "nodes-file"


def test_all_of_a_match_must_fit(tmp_path: Path) -> None:
    file = read_nodes_file(_written(tmp_path, GOOD))
    own = file.shape("rack-1", "eks-hybrid:///site/rack-1").own_price
    assert own
    assert (own.dollars_per_hour, own.source, own.as_of) == (41.5, "nodes file nodes.yaml", file.as_of)
    assert file.shape("rack-1", "aws:///us-east-1a/i-0abc").own_price is None


def test_an_entry_without_type_or_price_only_fills(tmp_path: Path) -> None:
    told = read_nodes_file(_written(tmp_path, GOOD)).shape("other", "")
    assert (told.capacity_type, told.rung) == ("spot", "")


def test_a_node_that_nothing_matches_is_not_known(tmp_path: Path) -> None:
    file = read_nodes_file(_written(tmp_path, "- match: {node: a}\n  region: us-east-1\n"))
    assert file.shape("b", "") == Shape()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a list of entries is needed"),
        ("match: {node: a}\n", "a list of entries is needed"),
        ("[]\n", "a list of entries is needed"),
        ("- match: {node: a\n", "is not YAML"),
        ("- 7\n", "entry 1, line 1"),
        ("- match: {node: a}\n\n- instance_type: x\n", "entry 2, line 3: .*`match`"),
        ("- match: {}\n  region: r\n", "entry 1, line 1: .*a `node` or a `provider_id`"),
        ("- match: {nodes: a}\n", "entry 1, line 1: .*`nodes`"),
        ("- match: {node: a}\n  instance: x\n", "entry 1, line 1: .*`instance`"),
        ("- match: {node: a}\n  dollars_per_hour: 0\n", "above 0, not 0"),
        ("- match: {node: a}\n  dollars_per_hour: .inf\n", "above 0, not inf"),
        ("- match: {node: a}\n  dollars_per_hour: cheap\n", r"\$\.dollars_per_hour"),
        ("- match: {node: a}\n  accelerators: -1\n", "accelerators"),
        ("- match: {node: a}\n  capacity_type: free\n", "capacity_type"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(NodesFileError, match=f"nodes.yaml.*{said}"):
        read_nodes_file(_written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NodesFileError, match="cannot be read"):
        read_nodes_file(tmp_path / "nodes.yaml")
