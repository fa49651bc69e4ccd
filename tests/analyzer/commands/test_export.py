"""`gpuyield export cluster` as a process: what a cluster costs stands on its page, and prices cost nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporters.simulation.fleet import demo_fleet
from exporters.simulation.kube_api.server import KubeApi
from exporters.simulation.kube_api.story import StoryCluster

ROOT = Path(__file__).parents[3]
EXPORT = [sys.executable, "-m", "gpuyield", "export", "cluster"]
PATIENCE_SECONDS = 40.0
CARD = """
as_of: 2026-11-01
prices:
  - {match: {instance_type: "p5.*"}, per_hour: 31.25}
fees:
  - {name: support contract, per_hour: 2.5}
reservations:
  - {id: cr-1, instance_type: p5.48xlarge, count: 2, per_hour: 44.0}
"""


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the simulated fleet in the middle of its week."""
    fleet = demo_fleet()
    with KubeApi(StoryCluster(fleet.nodes, fleet.pods, fleet.seed, lambda: fleet.start + 3 * 86_400)) as api:
        content = {
            "current-context": "fleet",
            "clusters": [{"name": "fleet", "cluster": {"server": api.url}}],
            "contexts": [{"name": "fleet", "context": {"cluster": "fleet", "user": "reader"}}],
            "users": [{"name": "reader", "user": {}}],
        }
        path = tmp_path_factory.mktemp("kube") / "config"
        path.write_text(json.dumps(content))
        yield path


@contextlib.contextmanager
def running(kubeconfig: Path, *words: str, **environment: str) -> Iterator[str]:
    """The URL that it serves."""
    process = subprocess.Popen(
        [*EXPORT, "--listen", "127.0.0.1:0", "--interval", "1s", *words],
        cwd=ROOT,
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "NO_PROXY": "127.0.0.1"} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"msg=serving url=(\S+)", line):
                yield found[1]
                break
        else:
            pytest.fail("it did not start to serve")
    finally:
        process.kill()
        process.wait(20)
        process.stderr.close()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def page(url: str, is_whole: Callable[[str], bool]) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_whole(text := get(f"{url}/metrics")):
        assert time.monotonic() < until, text
        time.sleep(0.2)
    return text


def values(text: str, name: str) -> dict[str, float]:
    """By labels as they are written."""
    lines = re.findall(rf"^gpuyield_{name}{{(.*)}} (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in lines}


def test_nodes_reservations_and_fees_have_prices_of_a_rate_card_or_the_packaged_table(
    kubeconfig: Path, tmp_path: Path
) -> None:
    card = tmp_path / "rates.yaml"
    card.write_text(CARD)
    with running(kubeconfig, "--prices", str(card), "--price-basis", "effective") as url:
        text = page(url, lambda text: text.count("node_price_age") > 5 and "cluster_fee_dollars" in text)
        assert "<p>The nodes and pods of a cluster.</p>" in get(url)
    types = dict(re.findall(r'node_shape_info{.*?instance_type="([^"]*)".*?node="([^"]*)"', text))
    prices = values(text, "node_price_dollars_per_hour")
    p5 = next(node for name, node in types.items() if name.startswith("p5."))
    assert prices[f'basis="effective",node="{p5}",source="rate card rates.yaml"'] == 31.25
    assert any("packaged table of on-demand prices" in labels for labels in prices)
    assert all(value > 0 for value in prices.values())
    assert len(values(text, "node_price_age_seconds")) == len(prices) > 5
    assert values(text, "cluster_fee_dollars_per_hour") == {'fee="support contract"': 2.5}
    assert list(values(text, "reservation_dollars_per_hour").values()) == [88.0]
    assert sum(values(text, "reservation_accelerators").values()) == 16
    assert values(text, "source_up")['source="prices/nodes"'] == 1


def test_without_options_it_is_the_packaged_table_and_the_rest_is_absent(kubeconfig: Path) -> None:
    with running(kubeconfig) as url:
        text = page(url, lambda text: "node_price_dollars" in text and 'absent{source="prices/fees"} 1' in text)
    assert 'gpuyield_source_absent{source="prices/reservations"} 1' in text
    assert "reservation_dollars_per_hour" not in text


def test_aws_that_does_not_answer_costs_only_its_own_samples(kubeconfig: Path, tmp_path: Path) -> None:
    """There are no credentials; nodes have the prices of the next source that has some."""
    nowhere = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "AWS_CONFIG_FILE")}
    asked = ("--ask-aws", "--aws-region", "us-east-1", "--eks-cluster", "prod")
    with running(kubeconfig, *asked, AWS_EC2_METADATA_DISABLED="true", **nowhere) as url:
        text = page(url, lambda text: "node_price_dollars" in text and 'up{source="prices/fees"} 0' in text)
    up = values(text, "source_up")
    assert {source for source, value in up.items() if value == 0} == {
        'source="prices/fees"',
        'source="prices/reservations"',
    }
    assert all("packaged table" in labels for labels in values(text, "node_price_dollars_per_hour"))


@pytest.mark.parametrize(
    ("content", "says"), [("prices: [", "is not YAML"), ("prices: [{match: {}, per_hour: 0}]", "per_hour")]
)
def test_a_rate_card_that_is_wrong_is_said_before_anything_is_served(
    kubeconfig: Path, tmp_path: Path, content: str, says: str
) -> None:
    card = tmp_path / "rates.yaml"
    card.write_text(content)
    done = subprocess.run(
        [*EXPORT, "--prices", str(card)],
        cwd=ROOT,
        env=os.environ | {"KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (2, True, False)
