"""Pages as written, and read again."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as client_openmetrics
from prometheus_client.parser import text_string_to_metric_families as client_text

from exporters.pages.parser import Format, PageParser
from exporters.pages.render import PageRenderer
from exporters.series import Series

OM = Format.OPENMETRICS
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text('\\"n\n{}=,# \t\r', max_size=8)
NAMES = (st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,9}", fullmatch=True) | TEXTS).filter(bool)
LABELS = (st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,5}", fullmatch=True) | TEXTS).filter(
    lambda name: name not in ("", "__name__")
)
SERIES = st.builds(
    lambda name, labels: Series.of(name, labels.items()), NAMES, st.dictionaries(LABELS, TEXTS, max_size=4)
)
SAMPLES = st.lists(st.tuples(SERIES, st.floats()), max_size=8, unique_by=lambda sample: sample[0].key)
Found = set[tuple[str, frozenset[tuple[str, str]], str]]


def render(samples: list[tuple[Series, float]], types: dict[str, str], format: Format = Format.TEXT) -> str:  # noqa: A002
    return PageRenderer().render(samples, types, {}, format).decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (5, "5"),
        (True, "1"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (1795359217.493541, "1795359217.493541"),
        (nan, "NaN"),
        (inf, "+Inf"),
        (-inf, "-Inf"),
    ],
)
def test_values(value: float, text: str) -> None:
    assert render([(Series.of("a", []), value)], {}) == f"a {text}\n"


def test_escapes_and_quotes() -> None:
    plain = Series.of("a", [("x", '\\ " \n')])
    utf8 = Series.of("my.metric", [("la bel", 'q"')])
    types = {"a": "gauge", "my.metric": "counter"}
    helps = {"a": '\\ " \n', "my.metric": ""}
    assert PageRenderer().render([(plain, 1), (utf8, 2)], types, helps).decode() == (
        '# HELP a \\\\ " \\n\n# TYPE a gauge\na{x="\\\\ \\" \\n"} 1\n'
        '# HELP "my.metric" \n# TYPE "my.metric" counter\n{"my.metric","la bel"="q\\""} 2\n'
    )
    assert b'# HELP a \\\\ \\" \\n\n' in PageRenderer().render([(plain, 1)], types, helps, OM)


def test_a_family_is_announced_once_and_a_nameless_type_not_at_all() -> None:
    samples = [(Series.of(name, []), 1.0) for name in ("h_bucket", "h_sum", "h_count", "a", "h_created")]
    assert render(samples, {"h": "histogram"}).count("#") == 2
    assert "# TYPE h_created gauge\nh_created 1\n" in render(samples, {"h": "histogram"})
    assert render(samples, {"h": "histogram"}, OM).count("#") == 2


@pytest.mark.parametrize(
    ("name", "types", "text", "openmetrics"),
    [
        ("a_total", {"a_total": "counter"}, "a_total counter", "a counter"),
        ("a_total", {"a": "counter"}, "a_total counter", "a counter"),
        ("a", {"a": "counter"}, "a counter", "a unknown"),
        ("a_info", {"a_info": "info"}, "a_info gauge", "a info"),
        ("a_info", {"a": "info"}, "a_info gauge", "a info"),
        ("a", {"a": "stateset"}, "a gauge", "a stateset"),
        ("a", {"a": "unknown"}, "a untyped", "a unknown"),
        ("a_total_sum", {"a_total": "histogram"}, "a_total histogram", "a_total histogram"),
        ("a_gsum", {"a": "gaugehistogram"}, "a_gsum gauge", "a gaugehistogram"),
    ],
)
def test_types_in_the_words_of_each_format(name: str, types: dict[str, str], text: str, openmetrics: str) -> None:
    sample = [(Series.of(name, []), 1.0)]
    assert render(sample, types) == f"# TYPE {text}\n{name} 1\n"
    assert render(sample, types, OM) == f"# TYPE {openmetrics}\n{name} 1\n# EOF\n"


def test_the_prefixes_are_bounded() -> None:
    renderer = PageRenderer(prefixes_kept=3)
    samples = [(Series.of("a", [("x", str(row))]), float(row)) for row in range(10)]
    first = renderer.render(samples, {}, {})
    assert renderer.render(samples, {}, {}) == first == PageRenderer().render(samples, {}, {})


def test_a_lone_surrogate_does_not_stop_the_page() -> None:
    assert PageRenderer().render([(Series.of("a", [("x", "\ud800")]), 1)], {}, {}) == b'a{x="?"} 1\n'


@given(SAMPLES, st.sampled_from(Format), TEXTS)
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_again(samples: list[tuple[Series, float]], format: Format, text: str) -> None:  # noqa: A002
    helps = {series.name: text for series, _ in samples}
    types = {series.name: "gauge" for series, _ in samples}
    body = PageRenderer().render(samples, types, helps, format)
    parser = PageParser()
    for _ in range(2):
        page = parser.parse(body, 7.0, format)
        assert page.notes == []
        assert page.series == [series for series, _ in samples]
        assert list(map(repr, page.values)) == [repr(value) for _, value in samples]
        assert (page.types, page.complete) == (types, True)
        assert page.helps == dict.fromkeys(helps, text.removesuffix("\r"))


def found(families: Iterable[Metric]) -> Found:
    return {
        (
            sample.name,
            frozenset((label, value) for label, value in sample.labels.items() if value),
            repr(float(sample.value)),
        )
        for family in families
        for sample in family.samples
    }


# The client's OpenMetrics parser takes quotes off a name twice, and both its parsers read "-0" as an integer.
LEGAL_NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,9}", fullmatch=True)
LEGAL_LABELS = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,5}", fullmatch=True)
LEGAL = st.builds(
    lambda name, labels: Series.of(name, labels.items()), LEGAL_NAMES, st.dictionaries(LEGAL_LABELS, TEXTS, max_size=4)
)


@given(st.lists(st.tuples(LEGAL, st.floats()), max_size=8, unique_by=lambda sample: sample[0].key))
@settings(max_examples=100, deadline=None)
def test_the_client_reads_the_same(samples: list[tuple[Series, float]]) -> None:
    expected = {(series.name, frozenset(series.labels), repr(value + 0.0)) for series, value in samples}
    grouped = sorted(samples, key=lambda sample: sample[0].name)
    assert found(client_text(render(samples, {}))) == expected
    openmetrics = client_openmetrics(render(grouped, {}, OM))  # type: ignore[no-untyped-call]
    assert found(openmetrics) == expected
