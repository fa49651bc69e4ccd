"""Keys of series: the same number in every release, since stores keep it."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.series import Labels, Series, series_key

# Lone surrogates too: they stand for bytes of a page that are no UTF-8.
_texts = st.text(st.characters() | st.characters(categories=["Cs"]))
_labels = st.lists(st.tuples(_texts, _texts)).map(tuple)


@pytest.mark.parametrize(
    ("name", "labels", "key"),
    [
        ("", (), 4624554156401727479),
        ("up", (), -1140312267509359607),
        ("up", (("instance", "10.0.0.1:8000"), ("job", "vllm")), 2688702446913909729),
        ("up", (("a", ""),), -2462213052955838182),
        ("up", (("a", "b:1"), ("c", '\x00\n"')), 3765220164733691278),
        ("up", (("zone", "münchen"),), -422039656436987264),
        ("up", (("emoji", "😀"), ("zone", "東京")), -6896827386743794437),
        ("up", (("broken", "\ud800x"),), 4419258549213131517),
        ("up", (("long", "x" * 5000),), 1507296458872987330),
        ("up", (("long", "é" * 600),), 8650520895990713454),
    ],
)
def test_keys_in_stores_stay_what_they_are(name: str, labels: Labels, key: int) -> None:
    assert series_key(name, labels) == key


@given(_texts, _labels)
def test_a_key_is_the_hash_of_all_texts_after_their_lengths_in_bytes(name: str, labels: Labels) -> None:
    texts = [text.encode("utf-8", "surrogatepass") for text in (name, *(part for pair in labels for part in pair))]
    digest = blake2b(b"".join(b"%d:%b" % (len(text), text) for text in texts), digest_size=8).digest()
    assert series_key(name, labels) == int.from_bytes(digest, "big", signed=True)


def test_an_empty_label_is_no_label_and_order_means_nothing() -> None:
    told = Series.of("up", [("b", "2"), ("c", ""), ("a", "1")])
    assert told == Series.of("up", [("a", "1"), ("b", "2")])
    assert told.labels == (("a", "1"), ("b", "2"))


@given(st.text("1:a", max_size=4), st.text("1:a", max_size=4))
def test_moving_text_from_a_label_to_its_value_is_another_series(label: str, value: str) -> None:
    assert series_key("up", ((label + "a", value),)) != series_key("up", ((label, "a" + value),))
