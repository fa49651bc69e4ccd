"""No bytes stop the parser, and what it has read before does not change what it reads."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.fuzz_pages import fault, mutated, small_page
from exporters.pages.parser import Format, PageParser

RECORDED = Path(__file__).parents[2] / "recorded" / "vllm-0.32" / "page.prom"
WARM = PageParser(series_kept=50)
PIECES = st.sampled_from(
    [
        *(
            "a",
            "b_total",
            "{",
            "}",
            '"',
            "\\",
            ",",
            "=",
            " ",
            "\t",
            "\n",
            "\r",
            "#",
            " # {",
            "5",
            "1000",
            "-",
            ".",
            "NaN",
        ),
        *("# TYPE ", "# HELP ", "# EOF", "counter", 'x="1"', "\x00", "é", "\ufeff", "+Inf", "1_0"),
    ]
)


@given(st.binary(max_size=200), st.sampled_from(Format))
@settings(max_examples=300, deadline=None)
def test_any_bytes(body: bytes, format: Format) -> None:  # noqa: A002
    assert fault(body, WARM, format, {}) is None


@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(Format))
@settings(max_examples=300, deadline=None)
def test_pieces_of_pages(text: str, format: Format) -> None:  # noqa: A002
    assert fault(text.encode(), WARM, format, {}) is None


@pytest.mark.parametrize("seed", range(3))
def test_mutations_of_a_real_page(seed: int) -> None:
    picked = random.Random(seed)
    lines = RECORDED.read_bytes().splitlines()
    warm = PageParser({"cluster": "c"}, series_kept=100)
    for _ in range(100):
        page = mutated(picked, small_page(picked, lines))
        assert fault(page, warm, picked.choice(list(Format)), {"cluster": "c"}) is None


def found(families: Iterable[Metric]) -> set[tuple[str, frozenset[tuple[str, str]], float]]:
    return {
        (sample.name, frozenset(sample.labels.items()), float(sample.value))
        for family in families
        for sample in family.samples
    }


def test_the_client_reads_the_same_from_a_real_page() -> None:
    body = RECORDED.read_bytes()
    page = PageParser().parse(body, 0.0)
    ours = {
        (series.name, frozenset(series.labels), value) for series, value in zip(page.series, page.values, strict=True)
    }
    families = list(text_string_to_metric_families(body.decode()))
    theirs = {
        (name, frozenset((label, text) for label, text in labels if text), value)
        for name, labels, value in found(families)
    }
    assert ours == theirs
    assert len(ours) == len(page.series)
    kinds = {f"{family.name}_total" if family.type == "counter" else family.name: family.type for family in families}
    assert {name: page.types[name] for name in kinds} == kinds
