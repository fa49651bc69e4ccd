"""What to do next: by dollars, three at most, each once, and worth doing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from analyzer.doctor.catalogue import SIGNALS
from analyzer.doctor.model import ABSENT, PRESENT, STALE, SignalLine, Unscraped
from analyzer.doctor.prescription import SHOWN, next_steps
from analyzer.report.build import build_report
from analyzer.report.model import BlindSpot, Report
from tests.analyzer.conftest import START, Ledgers, Scene
from tests.analyzer.doctor.conftest import END, KUBE, PAGES, Diagnose, device, serving


@pytest.fixture(scope="module")
def report(ledgers: Ledgers) -> Report:
    """The report of an hour of $6.88 without blind spots."""
    return replace(build_report(ledgers(serving(), START, END), []), blind_spots=[])


def lines(state: str = PRESENT, *titles: str) -> list[SignalLine]:
    """All signals present, but those named in another state."""
    return [
        SignalLine(
            one.title,
            one.subject,
            state if one.title in titles else PRESENT,
            [],
            1,
            15.0,
            None,
            "",
            one.decides,
            one.remedy,
            one.is_needed,
        )
        for one in SIGNALS
    ]


def spot(signal: str, dollars: float | None, subject: str = "n", remedy: str = "") -> BlindSpot:
    return BlindSpot(signal, "node", subject, dollars, 3600.0, remedy or f"mend {signal}")


def page(workload: str, dollars: float | None, seconds: float = 3600.0, name: str = "vLLM") -> Unscraped:
    return Unscraped("", "ml", workload, 1, "no target", name, dollars, seconds, "kind: PodMonitor")


def test_nothing_to_do_where_all_is_there(report: Report) -> None:
    assert next_steps(report, lines(), []) == []


def test_the_dearest_come_first_and_three_at_most(report: Report) -> None:
    spots = [spot("device", 2.0), spot("store", 0.5), spot("effective ratio", 1.0)]
    steps = next_steps(replace(report, blind_spots=spots), lines(), [page("chat", 1.5)])
    assert [step.dollars for step in steps] == [2.0, 1.5, 1.0]
    assert steps[1].do == "apply the PodMonitor for ml/chat that stands below"


def test_nodes_with_one_remedy_are_one_step_that_names_them(report: Report) -> None:
    spots = [spot("device", 1.0, f"gpu-{number}") for number in range(5)]
    [step] = next_steps(replace(report, blind_spots=spots), lines(), [])
    assert (step.dollars, step.accelerator_seconds) == (5.0, 5 * 3600.0)
    assert step.why == "no device exporter: nodes gpu-0, gpu-1 and 3 more"


def test_what_is_worth_next_to_nothing_is_left_out(report: Report) -> None:
    assert next_steps(replace(report, blind_spots=[spot("device", 0.001)]), lines(), []) == []


def test_holders_that_are_no_engine_are_no_step(report: Report) -> None:
    assert next_steps(report, lines(), [page("train", 5.0, name="")]) == []


def test_spend_without_engine_and_device_is_asked_for_once(report: Report) -> None:
    blind = replace(report, blind_spots=[spot("engine and device", 1.0)])
    assert [step.dollars for step in next_steps(blind, lines(), [page("chat", 1.5)])] == [1.5]
    assert len(next_steps(blind, lines(), [page("chat", 1.5, seconds=60.0)])) == 2


@pytest.mark.parametrize(
    ("blind", "missing"),
    [
        ("device", ("devices", "tensor activity", "memory activity", "busy ratio")),
        ("effective ratio", ("tensor activity", "memory activity")),
        ("kubernetes", ("pods", "requests", "nodes")),
        ("pod labels", ("pod of a device",)),
        ("price", ("instance types",)),
    ],
)
def test_a_signal_whose_dollars_are_known_is_not_asked_for_twice(
    report: Report, blind: str, missing: tuple[str, ...]
) -> None:
    steps = next_steps(replace(report, blind_spots=[spot(blind, 1.0)]), lines(ABSENT, *missing), [])
    assert [step.do for step in steps] == [f"mend {blind}"]


def test_signals_with_one_remedy_are_one_step(report: Report) -> None:
    [step] = next_steps(report, lines(ABSENT, "nodes", "pods", "phases"), [])
    assert step.do == "run kube-state-metrics and let Prometheus scrape it"
    assert step.why == "nodes, pods and phases: absent"
    assert step.dollars is None


def test_a_needed_signal_that_stopped_is_a_step_and_one_that_is_nice_to_have_is_none(report: Report) -> None:
    [step] = next_steps(report, lines(STALE, "tensor activity", "energy"), [])
    assert step.why.startswith("tensor activity: stale; decides active-good")


def test_a_bill_that_is_a_range_asks_for_instance_types(diagnosed: Diagnose) -> None:
    scene = Scene().pod("p", "n", KUBE, 1.0, "10.0.0.1").gpu("n", 0, PAGES, 0.6)
    scene.add("kube_node_info", KUBE, node="n")
    device(scene, "DCGM_FI_PROF_DRAM_ACTIVE", 0.5)
    steps = diagnosed(scene).next_steps
    assert sum("node labels" in step.do or "allowlist=nodes" in step.do for step in steps) == 1


def test_the_steps_of_a_scene_are_those_of_its_gaps(diagnosed: Diagnose) -> None:
    """A node that no exporter watches, beside an engine that is seen well."""
    scene = serving().node("dark", KUBE, "p5.48xlarge", 8).pod("train", "dark", KUBE, 8.0, "10.0.0.2")
    first, *_ = diagnosed(scene).next_steps
    assert first.dollars == pytest.approx(55.04, rel=1e-3)
    assert first.why.endswith("node dark")


SPOTS = st.builds(
    spot,
    st.sampled_from(["device", "store", "price", "kubernetes", "effective ratio", "engine and device", "new"]),
    st.none() | st.floats(0, 1e6),
    st.sampled_from(["a", "b", "c"]),
)
PAGED = st.builds(page, st.sampled_from(["x", "y", "z"]), st.none() | st.floats(0, 1e6), st.floats(0, 1e6))


@given(
    spots=st.lists(SPOTS),
    pages=st.lists(PAGED, unique_by=lambda one: one.workload),
    state=st.sampled_from([PRESENT, ABSENT, STALE]),
)
def test_steps_are_few_distinct_and_in_order(
    report: Report, spots: list[BlindSpot], pages: list[Unscraped], state: str
) -> None:
    steps = next_steps(replace(report, blind_spots=spots), lines(state, *(one.title for one in SIGNALS)), pages)
    assert len(steps) <= SHOWN
    assert len({step.do for step in steps}) == len(steps)
    worth = [step.dollars or 0.0 for step in steps]
    assert worth == sorted(worth, reverse=True)
    assert all(step.do and step.why and math.isfinite(step.accelerator_seconds) for step in steps)
