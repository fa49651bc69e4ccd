"""A limit of series: labels go first, then what is worth least, and it is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical import device, ledger, nodes
from exporters.metric import Metric
from exporters.sinks.cloudwatch.budget import Budget
from exporters.sinks.cloudwatch.facts import Facts
from exporters.sinks.cloudwatch.measure import Placed, Reading, one
from exporters.sinks.cloudwatch.own_names import place
from exporters.sinks.kind import Origin
from tests.exporters.sinks.cloudwatch.conftest import NODE, START


def reading(metric: Metric, **labels: str) -> Reading:
    own = {**dict.fromkeys(metric.labels, "x"), **labels}
    return Reading(metric, tuple(sorted(own.items())), int(START), one(1.0), 6)


def placed(gpus: int = 8) -> list[Placed]:
    found = [
        reading(metric, uuid=f"GPU-{number}", mig="")
        for number in range(gpus)
        for metric in (device.busy_ratio, device.processes)
    ]
    found.append(reading(ledger.dollars_total, state="held-idle"))
    return list(place(found, Facts(Origin(NODE)), "prod", "gpuyield"))


def sent(found: list[Placed]) -> set[tuple[str, int]]:
    """Metric and number of dimensions."""
    return {(one_.name, len(set_)) for one_ in found for set_ in one_.sets}


def test_without_a_limit_all_is_sent() -> None:
    budget, told = Budget(None), placed()
    assert budget.within(told, START) == (told, 0)
    assert budget.left_out == []


def test_the_finest_labels_go_first() -> None:
    budget = Budget(20)
    kept, dropped = budget.within(placed(), START)
    assert budget.series <= 20
    assert {("accelerator_busy_ratio", 1), ("accelerator_busy_ratio", 2), ("accelerator_processes", 1)} <= sent(kept)
    assert "accelerator_processes by cluster, node, uuid" in budget.left_out
    assert dropped == 0  # every sample is still in a coarser series


def test_then_the_family_that_is_worth_least() -> None:
    budget = Budget(7)
    kept, dropped = budget.within(placed(), START)
    names = {one_.name for one_ in kept}
    assert "ledger_dollars" in names
    assert "accelerator_processes" not in names
    assert dropped == 6 * 8 * len({"accelerator_busy_ratio", "accelerator_processes"} - names)
    assert budget.series <= 7


def test_a_series_is_charged_for_an_hour() -> None:
    budget = Budget(None)
    budget.within(placed(), START)
    before = budget.series
    budget.within([], START + 3_599)
    assert budget.series == before
    budget.within([], START + 3_601)
    assert budget.series == 0


@given(st.integers(1, 80), st.integers(1, 12))
def test_the_limit_is_kept_and_no_sample_is_forgotten(most: int, gpus: int) -> None:
    told = placed(gpus)
    budget = Budget(most)
    kept, dropped = budget.within(told, START)
    names = {(one_.name, tuple(one_.field[label] for label in set_), set_) for one_ in kept for set_ in one_.sets}
    assert len(names) == budget.series <= most
    assert sum(one_.samples for one_ in kept) + dropped == sum(one_.samples for one_ in told)


def test_nodes_without_devices_are_placed_too() -> None:
    (found,) = place([reading(nodes.ready, node="n1")], Facts(Origin()), "prod", "gpuyield")
    assert found.sets == (("cluster",), ("cluster", "node"))
