"""Samples are made anew where something changed, and only there."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.canonical.pods import ready
from exporters.cluster.told import Told
from exporters.metric import Sample


def test_what_rests_keeps_its_labels_and_gets_a_new_time() -> None:
    made: list[str] = []

    def make(name: str) -> Iterator[Sample]:
        made.append(name)
        yield ready.sample(1, 0, namespace="ml", pod=name)

    told = Told(make)
    first = told.samples({"1": "a", "2": "b"}, 10.0)
    second = told.samples({"1": "a", "2": "c", "3": "d"}, 20.0)
    assert made == ["a", "b", "c", "d"]
    assert [(dict(one.labels)["pod"], one.at) for one in second] == [("a", 20.0), ("c", 20.0), ("d", 20.0)]
    assert second[0].labels is first[0].labels
    assert told.samples({}, 30.0) == []
    told.samples({"1": "a"}, 40.0)
    assert made[-1] == "a"  # what was gone is made anew
