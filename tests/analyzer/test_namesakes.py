"""Two clusters in one store: refused where a node's name stands for two machines at once, and only there."""

from __future__ import annotations

import pytest

from analyzer.ledger.namesakes import MixedClusters
from tests.analyzer.conftest import START, Ledgers, Scene, every

ONE, OTHER = "aws:///us-east-1a/i-0a", "aws:///eu-west-1a/i-0b"


def _told(provider_id: str, start: float, end: float, ip: str, **more: str) -> Scene:
    return Scene().add(
        "kube_node_info",
        every(START + start, START + end, 30),
        node="n",
        provider_id=provider_id,
        internal_ip=ip,
        **more,
    )


def _both(one: Scene, other: Scene) -> Scene:
    one.points += other.points
    return one


def test_two_machines_under_one_name_are_refused(ledgers: Ledgers) -> None:
    scene = _both(_told(ONE, 0, 600, "10.0.0.1"), _told(OTHER, 0, 600, "10.0.0.2"))
    with pytest.raises(MixedClusters) as caught:
        ledgers(scene, START, START + 600)
    assert caught.value.exit_code == 2
    for part in ("node n ", ONE, OTHER, "10.0.0.1", "region, internal_ip", "--cluster-label", "--match"):
        assert part in str(caught.value)


def test_a_cluster_label_tells_them_apart(ledgers: Ledgers) -> None:
    scene = _both(_told(ONE, 0, 600, "", cluster="a"), _told(OTHER, 0, 600, "", cluster="b"))
    assert len(ledgers(scene, START, START + 600).cpu_nodes) == 2


@pytest.mark.parametrize("overlap", [-120.0, 0.0, 60.0])
def test_a_node_made_again_under_its_name_is_fine(ledgers: Ledgers, overlap: float) -> None:
    scene = _both(_told(ONE, 0, 300, ""), _told(OTHER, 300 - overlap, 600, ""))
    assert [node.provider_id for node in ledgers(scene, START, START + 600).cpu_nodes] == [OTHER, ONE]


def test_an_id_that_is_not_there_yet_is_not_another_machine(ledgers: Ledgers) -> None:
    scene = _both(_told("", 0, 600, "10.0.0.1"), _told(ONE, 0, 600, "10.0.0.1"))
    ledgers(scene, START, START + 600)
