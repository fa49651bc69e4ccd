"""The merged samples: each series once, the first source wins, and nothing is lost without being counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporters.agent.reading import Reading, State
from exporters.agent.snapshot import Snapshot
from exporters.canonical import telemetry
from exporters.canonical.device import busy_ratio, temperature_celsius
from tests.exporters.agent.conftest import SetClock

UUIDS = st.sampled_from(["GPU-0", "GPU-1", "GPU-2"])
SAMPLES = st.lists(
    st.builds(lambda uuid, value: busy_ratio.sample(value, 0, uuid=uuid, mig=""), UUIDS, st.floats(0, 1))
    | st.builds(lambda uuid, value: temperature_celsius.sample(value, 0, uuid=uuid), UUIDS, st.floats(0, 99)),
    max_size=6,
)
READINGS = st.builds(Reading, st.integers(0, 3), st.just(State.UP), SAMPLES.map(tuple), st.just(1.0), st.just(0.1))


@given(st.dictionaries(st.sampled_from("abcdef"), READINGS))
def test_each_series_is_there_once_by_the_first_source_that_tells_of_it(found: dict[str, Reading]) -> None:
    snapshot = Snapshot(SetClock())
    for source, reading in found.items():
        snapshot.put(source, reading)
    wanted: dict[object, float] = {}
    for source in sorted(found, key=lambda name: (found[name].order, name)):
        for sample in found[source].samples:
            wanted.setdefault((sample.metric, sample.labels), sample.value)
    merged = snapshot.samples()
    series = [(sample.metric, sample.labels) for sample in merged]
    assert len(series) == len(set(series))
    own = vars(telemetry).values()
    assert {(one.metric, one.labels): one.value for one in merged if one.metric not in own} == wanted
    left_out = sum(one.value for one in merged if one.metric is telemetry.source_duplicate_samples)
    assert len(wanted) + left_out == sum(len(reading.samples) for reading in found.values())


def test_what_was_not_asked_yet_is_neither_up_nor_down() -> None:
    snapshot = Snapshot(SetClock())
    snapshot.put("a", Reading(0))
    assert snapshot.samples() == []


def test_the_version_moves_with_all_that_is_shown() -> None:
    snapshot = Snapshot(SetClock())
    versions = [snapshot.version]
    snapshot.put("a", Reading(0, State.UP))
    versions.append(snapshot.version)
    snapshot.put_of_sink("otlp", (telemetry.sink_samples_total.sample(1, 0, sink="otlp", result="sent"),))
    versions.append(snapshot.version)
    assert snapshot.samples()[-1].metric is telemetry.sink_samples_total
    snapshot.forget("a")
    versions.append(snapshot.version)
    assert len(set(versions)) == 4
