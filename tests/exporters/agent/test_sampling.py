"""Sources that hang, fail, are absent, come and go: each costs its own samples only, and the page says so."""

from __future__ import annotations

import math
from threading import Event

from hypothesis import given
from hypothesis import strategies as st

from exporters.agent.crew import Crew
from exporters.agent.reading import State
from exporters.agent.sampling import Rhythm, Surroundings, next_beat
from exporters.agent.snapshot import Snapshot
from exporters.canonical.device import busy_ratio
from exporters.source import SourceAbsent, SourceFailed
from tests.exporters.agent.conftest import Card, Logged, SetClock, Slots, Start, busy, log_into, page_of, up, wait_for


def test_a_source_that_hangs_loses_its_own_samples_and_recovers_by_itself(start: Start, logged: Logged) -> None:
    well, hung = Card("GPU-0", 0.25), Card("GPU-1", 0.75)
    agent = start(Slots("cards", well=well, hung=hung))
    wait_for(lambda: up(agent, "cards/hung") == 1 and up(agent, "cards/well") == 1)
    hung.go_on.clear()
    wait_for(lambda: up(agent, "cards/hung") == 0)
    wait_for(lambda: busy(agent, "GPU-1") is None)
    readings = well.readings
    wait_for(lambda: well.readings > readings + 5)
    assert (up(agent, "cards/well"), busy(agent, "GPU-0")) == (1, 0.25)
    assert (hung.at_once, hung.most_at_once) == (1, 1)  # however long it hangs, nobody asks it again
    hung.go_on.set()
    wait_for(lambda: up(agent, "cards/hung") == 1 and busy(agent, "GPU-1") == 0.75)
    assert any("source overdue" in line and "cards/hung" in line for line in logged.lines)
    assert any("source answers again" in line and "cards/hung" in line for line in logged.lines)


def test_a_failing_source_is_down_and_its_reason_is_logged_once(start: Start, logged: Logged) -> None:
    card = Card("GPU-0")
    agent = start(Slots("cards", a=card))
    wait_for(lambda: up(agent, "cards/a") == 1)
    card.answers = SourceFailed("GPU is lost")
    wait_for(lambda: up(agent, "cards/a") == 0)
    page = page_of(agent)
    assert ("accelerator_busy_ratio", "GPU-0") not in page
    assert page["source_absent", "cards/a"] == 0
    assert page["source_last_success_timestamp_seconds", "cards/a"] > 1.7e9
    readings = card.readings
    wait_for(lambda: card.readings > readings + 5)
    assert sum("GPU is lost" in line for line in logged.lines) == 1
    card.answers = [busy_ratio.sample(0.5, 0, uuid="GPU-0", mig="")]
    wait_for(lambda: up(agent, "cards/a") == 1 and busy(agent, "GPU-0") == 0.5)


def test_an_unforeseen_error_is_told_without_its_text(start: Start, logged: Logged) -> None:
    card = Card("GPU-0")
    card.answers = RuntimeError("password=hunter2")
    agent = start(Slots("cards", a=card))
    wait_for(lambda: up(agent, "cards/a") == 0 and card.readings > 3)
    assert any("RuntimeError at conftest.py:" in line for line in logged.lines)
    assert "hunter2" not in logged.getvalue()


def test_what_does_not_exist_here_is_absent_and_not_down(start: Start) -> None:
    card, roster = Card("GPU-0"), Slots("efa")
    card.answers = SourceAbsent("no kubelet here")
    roster.found = SourceAbsent("no EFA here")
    agent = start(Slots("cards", a=card), roster)
    wait_for(lambda: agent.is_ready)
    page = page_of(agent)
    assert (page["source_absent", "cards/a"], page["source_absent", "efa/roster"]) == (1, 1)
    assert ("source_up", "cards/a") not in page
    assert ("source_up", "efa/roster") not in page


def test_not_a_number_is_left_out(start: Start) -> None:
    card = Card("GPU-0", math.nan)
    agent = start(Slots("cards", a=card))
    wait_for(lambda: up(agent, "cards/a") == 1)
    assert busy(agent, "GPU-0") is None


def test_devices_come_and_go(start: Start) -> None:
    first, second = Card("GPU-0", 0.25), Card("GPU-1", 0.75)
    slots = Slots("cards", a=first)
    agent = start(slots)
    wait_for(lambda: up(agent, "cards/a") == 1)
    slots.found = {"cards/b": second}
    wait_for(lambda: up(agent, "cards/a") == 0 and up(agent, "cards/b") == 1)
    assert (busy(agent, "GPU-0"), busy(agent, "GPU-1")) == (None, 0.75)
    readings = first.readings
    slots.found = {"cards/a": Card("GPU-0", 1.0), "cards/b": second}
    wait_for(lambda: busy(agent, "GPU-0") == 1.0 and up(agent, "cards/a") == 1)
    assert first.readings <= readings + 1
    slots.found = SourceAbsent("the driver was unloaded")
    wait_for(lambda: up(agent, "cards/a") == 0 and up(agent, "cards/b") == 0)


def test_a_roster_that_hangs_or_fails_leaves_its_sources_alone(start: Start, logged: Logged) -> None:
    slots = Slots("cards", a=Card("GPU-0", 0.25))
    agent = start(slots)
    wait_for(lambda: up(agent, "cards/roster") == 1 and up(agent, "cards/a") == 1)
    slots.go_on.clear()
    wait_for(lambda: up(agent, "cards/roster") == 0)
    assert (up(agent, "cards/a"), busy(agent, "GPU-0")) == (1, 0.25)
    slots.found = SourceFailed("driver not loaded")
    slots.go_on.set()
    wait_for(lambda: any("source failed" in line and "driver not loaded" in line for line in logged.lines))
    assert (up(agent, "cards/roster"), up(agent, "cards/a")) == (0, 1)


def test_a_name_belongs_to_the_roster_that_found_it_first(start: Start, logged: Logged) -> None:
    first, second = Slots("one"), Slots("two")
    first.found = {"card": Card("GPU-0", 0.25)}
    agent = start(first, second)
    wait_for(lambda: up(agent, "card") == 1)
    second.found = {"card": Card("GPU-0", 0.75)}
    wait_for(lambda: any("source name taken" in line for line in logged.lines))
    assert busy(agent, "GPU-0") == 0.25


def test_old_samples_go_after_three_intervals_and_missing_sources_after_a_day(logged: Logged) -> None:
    clock, stop = SetClock(), Event()
    around = Surroundings(Rhythm(0.2, deadline_seconds=0.5), Snapshot(clock), log_into(logged), clock, stop)
    card, slots = Card("GPU-0"), Slots("cards")
    crew = Crew([slots], around)
    crew.update("cards", 0, {"cards/a": card})

    def reading() -> tuple[State, int]:
        found = around.snapshot.readings()["cards/a"]
        return found.state, len(found.samples)

    wait_for(lambda: "cards/a" in around.snapshot.readings())
    assert reading() == (State.UP, 1)
    card.go_on.clear()
    wait_for(lambda: card.at_once == 1)
    clock.now += 0.55
    crew.look()
    assert reading() == (State.OVERDUE, 1)
    clock.now += 0.1
    crew.look()
    assert reading() == (State.OVERDUE, 0)
    crew.update("cards", 0, {})
    assert reading() == (State.MISSING, 0)
    clock.now += 86_399
    crew.look()
    assert reading() == (State.MISSING, 0)
    clock.now += 2
    crew.look()
    assert "cards/a" not in around.snapshot.readings()
    card.go_on.set()
    stop.set()


@given(st.floats(0, 1e6), st.floats(0.05, 300), st.floats(0, 1e5))
def test_beats_are_not_past_and_keep_their_rhythm(beat: float, interval: float, late: float) -> None:
    following = next_beat(beat, interval, beat + late)
    assert following >= (beat + late) * (1 - 1e-9)
    assert following - (beat + late) <= interval * (1 + 1e-6) + 1e-6
    assert math.isclose((following - beat) / interval, round((following - beat) / interval), abs_tol=1e-3)
