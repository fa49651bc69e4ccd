"""Which family a series belongs to."""

from __future__ import annotations

import pytest

from exporters.pages.page import family_of

TYPES = {
    "a": "counter",
    "b_total": "counter",
    "c_total": "histogram",
    "d": "summary",
    "e": "gauge",
    "f": "info",
    "g_sum": "gauge",
    "g": "histogram",
    "h": "gaugehistogram",
}


@pytest.mark.parametrize(
    ("name", "family", "kind"),
    [
        ("a_total", "a", "counter"),
        ("a_created", "a", "gauge"),
        ("b_total", "b_total", "counter"),
        ("b_total_bucket", "b_total_bucket", "unknown"),
        ("c_total", "c_total", "histogram"),
        ("c_total_bucket", "c_total", "histogram"),
        ("c_total_count", "c_total", "histogram"),
        ("d", "d", "summary"),
        ("d_sum", "d", "summary"),
        ("d_bucket", "d_bucket", "unknown"),
        ("e_total", "e_total", "unknown"),
        ("f_info", "f", "info"),
        ("g_sum", "g_sum", "gauge"),
        ("g_count", "g", "histogram"),
        ("h_gcount", "h", "gaugehistogram"),
        ("plain", "plain", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_family(name: str, family: str, kind: str) -> None:
    assert family_of(name, TYPES) == (family, kind)
