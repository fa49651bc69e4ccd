"""Each series is asked for once, as widely as anybody needs it and no wider than all of them accept."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.frame import Question
from analyzer.stores.prometheus.query_api import QueryApi
from analyzer.stores.prometheus.selector import Matcher, Operator
from analyzer.stores.prometheus.wanted import Wanted, present, wanted_names
from analyzer.stores.resolve import series_name
from analyzer.window import Window
from exporters.canonical import nodes, serving
from exporters.metric import Kind
from exporters.upstream import families, upstreams_of
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply

START = 1_794_268_800.0
NEAR, FAR = Window.of_seconds(START, START + 3600), Window.of_seconds(START - 86_400, START + 7200)
EVERY_METRIC = sorted(
    {upstream.metric for family in families().values() for upstream in family.upstreams},
    key=lambda metric: metric.full_name,
)
TTFT = "vllm:time_to_first_token_seconds"


def questions(window: Window = NEAR) -> list[Question]:
    """All that could ever be asked."""
    return [
        Question(metric, window, part)
        for metric in EVERY_METRIC
        for part in (("bucket", "sum", "count") if metric.kind is Kind.HISTOGRAM else ("",))
    ]


def test_a_name_is_asked_for_once_and_over_the_widest_span() -> None:
    wanted = wanted_names([*questions(), *questions(FAR)])
    assert len({one.name for one in wanted}) == len(wanted)
    assert {(one.start, one.end) for one in wanted} == {(FAR.start // 1000, (FAR.end - 1) // 1000)}


@given(st.lists(st.sampled_from(questions()), min_size=1, max_size=6))
def test_no_series_that_a_declaration_accepts_is_left_out(asked: list[Question]) -> None:
    wanted = {one.name: one for one in wanted_names(asked)}
    for question in asked:
        for _, upstream in upstreams_of(question.metric):
            one = wanted[series_name(upstream, question.part)]
            assert one.is_count or question.metric.kind not in (Kind.COUNTER, Kind.HISTOGRAM)
            for matcher in one.conditions:
                assert upstream.where[matcher.label] in matcher.value


def test_conditions_are_legal_expressions() -> None:
    for one in wanted_names(questions()):
        for matcher in one.conditions:
            re.compile(matcher.value)
        assert one.selector.promql.startswith('{__name__="')


def test_the_users_conditions_go_with_every_name() -> None:
    also = Matcher("cluster", Operator.EQUAL, 'a"b\\')
    wanted = wanted_names([Question(nodes.node_info, NEAR)], (also,))
    assert wanted
    for one in wanted:
        assert one.selector.promql.endswith('cluster="a\\"b\\\\"}')


class Listing:
    """A server that has these names."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.longest = 0

    def __call__(self, asked: Asked) -> Reply:
        self.longest = max(self.longest, len(asked.target))
        pattern = re.fullmatch(r'\{__name__=~"(.*)"\}', dict(asked.parameters)["match[]"])
        assert pattern is not None
        there = [name for name in self._names if re.fullmatch(pattern[1], name)]
        return json_reply('{"status":"success","data":[' + ",".join(f'"{name}"' for name in there) + "]}")


def found(listing: Listing, wanted: list[Wanted], start: Start, client: Ask) -> list[Wanted]:
    return present(QueryApi(client(start(listing).url)), wanted)


@pytest.mark.parametrize("has_classic", [False, True])
def test_a_native_histogram_is_asked_for_by_its_family(start: Start, client: Ask, has_classic: bool) -> None:
    parts = [
        Question(serving.time_to_first_token_seconds, window, part) for window, part in ((NEAR, "sum"), (FAR, "count"))
    ]
    classic = [f"{TTFT}_sum", f"{TTFT}_count"] if has_classic else []
    there = found(Listing(TTFT, *classic), wanted_names(parts), start, client)
    assert sorted(one.name for one in there) == sorted([*classic, TTFT])
    native = next(one for one in there if one.name == TTFT)
    assert (native.start, native.end) == (FAR.start // 1000, (FAR.end - 1) // 1000)
    assert native.is_count


def test_no_url_is_too_long_for_a_proxy(start: Start, client: Ask) -> None:
    listing = Listing("up", "kube_node_info")
    there = found(listing, wanted_names(questions()), start, client)
    assert "kube_node_info" in [one.name for one in there]
    assert listing.longest < 8000
