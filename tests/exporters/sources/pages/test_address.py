"""URLs of pages: what a source is called, what is asked for, and which labels it gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.agent.settings import parse_page
from exporters.sources.pages.address import PageAddressError, address_of, addresses_of


@pytest.mark.parametrize(
    ("url", "name", "instance"),
    [
        ("http://10.0.0.7:9400/metrics", "pages/10.0.0.7:9400", "10.0.0.7:9400"),
        ("http://127.0.0.1:8000/metrics", "pages/127.0.0.1:8000", "node-a:8000"),
        ("http://localhost:8000/metrics", "pages/localhost:8000", "node-a:8000"),
        ("http://[::1]:8000/metrics", "pages/[::1]:8000", "node-a:8000"),
        ("http://[fd00::7]:8000/metrics", "pages/[fd00::7]:8000", "[fd00::7]:8000"),
        ("https://dcgm.gpu.svc/metrics", "pages/dcgm.gpu.svc:443", "dcgm.gpu.svc:443"),
        ("http://10.0.0.7:8000/engine/1", "pages/10.0.0.7:8000/engine/1", "10.0.0.7:8000"),
    ],
)
def test_a_page_is_named_by_its_place(url: str, name: str, instance: str) -> None:
    """Every node has a 127.0.0.1: what is read there carries the node's name."""
    found = address_of(url, "node-a")
    assert (found.source_name, found.url, dict(found.labels)) == (name, url, {"instance": instance, "node": "node-a"})


def test_the_fragment_gives_labels_and_is_never_sent() -> None:
    found = address_of(parse_page("http://127.0.0.1:8000/metrics?a=b#namespace=ml&pod=llama-0"), "node-a")
    assert found.url == "http://127.0.0.1:8000/metrics?a=b"
    assert dict(found.labels) == {"instance": "node-a:8000", "node": "node-a", "namespace": "ml", "pod": "llama-0"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://h:1/metrics?token=s3cret#pod", "label=value"),
        ("http://h:1/metrics?token=s3cret#ns=ml", "'ns' is none of namespace, pod, instance"),
        ("http://h:99999/metrics?token=s3cret", "port of h"),
    ],
)
def test_what_makes_no_sense_is_refused_without_its_query(url: str, why: str) -> None:
    with pytest.raises(PageAddressError, match=why) as error:
        address_of(url, "node-a")
    assert "s3cret" not in str(error.value)


def test_one_page_is_named_once() -> None:
    with pytest.raises(PageAddressError, match="pages/h:1 is named twice"):
        addresses_of(["http://h:1/metrics", "http://h:1/metrics#pod=a"], "node-a")
    assert len(addresses_of(["http://h:1/metrics", "http://h:1/other", "http://h:2/metrics"], "node-a")) == 3


@given(st.text(max_size=40))
def test_any_fragment_is_taken_or_refused(text: str) -> None:
    try:
        url = parse_page(f"http://127.0.0.1:8000/metrics#{text}")
        assert "#" not in address_of(url, "node-a").url
    except (PageAddressError, ValueError):
        pass
