"""What a reading costs is said before it starts, and averages are read coarser before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.connect import connect
from analyzer.stores.prometheus.cost import GAUGE_STEPS_SECONDS, Estimate, Rate, affordable, estimate, rates
from analyzer.stores.prometheus.wanted import Wanted
from exporters.metric import Kind
from tests.analyzer.conftest import START, Scene, every
from tests.real_servers import prometheus, prometheus_binaries, victoria_metrics

HOUR_MS = 3_600_000
FIRST = round(START * 1000)


def wanted(name: str, kind: Kind, hours: float = 1) -> Wanted:
    return Wanted(name, name, kind, FIRST, FIRST + round(hours * HOUR_MS), ())


COUNTER, AVERAGE, STATE = wanted("c", Kind.COUNTER), wanted("a", Kind.AVERAGE), wanted("s", Kind.STATE)
SEEN = {"c": Rate(10, 1, 1), "a": Rate(100, 10, 10), "s": Rate(100, 10 / 3, 10 / 3)}


@pytest.mark.parametrize(
    ("costs", "text"),
    [
        (Estimate({"a": 1234.4}), "Reading about 1,234 samples of 1 metrics"),
        (Estimate({"a": 2e6, "b": 3.21e6}), "Reading about 5.21 million samples of 2 metrics"),
        (
            Estimate({"a": 3e9}, 60, 4e9),
            "Reading about 3 billion samples of 1 metrics (averages and states every 60 s); Amazon bills about"
            " $0.4000 for it",
        ),
    ],
)
def test_the_estimate_is_for_people(costs: Estimate, text: str) -> None:
    assert str(costs) == text


def test_only_averages_and_states_are_read_coarser() -> None:
    coarse = estimate([COUNTER, AVERAGE, STATE], SEEN, 120)
    assert coarse.samples == {"c": 3600, "a": 3000, "s": 3000}


def test_amazon_bills_what_its_queries_go_over_not_what_comes_out() -> None:
    fine, coarse = (estimate([COUNTER, AVERAGE], SEEN, step, is_billed=True) for step in (0, 120))
    assert coarse.total < fine.total
    assert coarse.billed_samples == fine.billed_samples == fine.total


@given(st.floats(1, 1e6), st.booleans())
def test_the_finest_reading_under_the_limit_is_taken(limit: float, is_billed: bool) -> None:
    asked = [COUNTER, AVERAGE, STATE]
    found = affordable(asked, SEEN, limit, is_billed)
    finer = [step for step in (0, *GAUGE_STEPS_SECONDS) if step < found.gauge_step_seconds]
    assert all(estimate(asked, SEEN, step).total > limit for step in finer)
    assert found.total <= limit or found.gauge_step_seconds == GAUGE_STEPS_SECONDS[-1]


@pytest.fixture(scope="module", params=["prometheus", "victoria-metrics"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An hour of an average, of a state in two copies, and of a counter that came for a quarter of an hour."""
    folder, hour = tmp_path_factory.mktemp("cost"), every(START - 600, START + 3600, 15)
    scene = Scene().add("a", hour, gpu="0").add("s", hour, replica="a").add("s", hour, replica="b")
    scene.add("c", [one for one in hour if one[0] > START + 2700], pod="x").store(folder / "store")
    if request.param == "victoria-metrics":
        with victoria_metrics(folder / "store", folder / "server") as running:
            yield running.url
    elif prometheus_binaries():
        with prometheus(prometheus_binaries()[0], folder / "store", folder / "server") as running:
            yield running.url
    else:
        pytest.skip("prometheus is not installed")


def test_rates_are_those_of_the_server(url: str) -> None:
    """The one question for all names is legal everywhere."""
    source = connect(ServerAccess(url))
    none = wanted("none", Kind.COUNTER)
    seen = rates(source.api, [COUNTER, AVERAGE, STATE, none])
    source.server.close()
    assert seen["none"] == Rate(0, 0, 0)
    assert (seen["a"].series, seen["s"].series) == (1, 2)
    # Some servers count a sample at the far end of five minutes, too.
    assert seen["a"].samples_per_second == pytest.approx(1 / 15, rel=0.06)
    assert seen["s"].samples_per_second == pytest.approx(2 / 15, rel=0.06)
    assert seen["c"].samples_per_second == pytest.approx(1 / 60, rel=0.35)
    assert seen["c"].most_samples_per_second == pytest.approx(1 / 15, rel=0.06)
