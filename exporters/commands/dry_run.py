"""`--dry-run`: reads everything once, sends nothing, and says what the sinks would send and cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from threading import Event

from exporters.agent.crew import Crew
from exporters.agent.log import Log
from exporters.agent.reading import State
from exporters.agent.sampling import Rhythm, Surroundings
from exporters.agent.settings import Settings
from exporters.agent.snapshot import Snapshot
from exporters.metric import Sample
from exporters.sinks.plan import PlanningSink, plan_lines
from exporters.sinks.sink import PushSink
from exporters.source import GpuyieldError, Roster

_PATIENCE_SECONDS, _LOOK_SECONDS = 10.0, 0.1
_ANSWERED = frozenset({State.UP, State.ABSENT})


def dry_run(rosters: Sequence[Roster], sinks: Sequence[PushSink], settings: Settings) -> None:
    """Prints a table. Raises GpuyieldError where no sink is chosen."""
    if not sinks:
        raise GpuyieldError("--dry-run says what sinks would send: give --sink NAME, or see the end of --help")
    samples = samples_now(rosters, settings)
    plans = [
        (sink.name, sink.plan(samples, settings.interval_seconds)) for sink in sinks if isinstance(sink, PlanningSink)
    ]
    print(f"{len(samples):,} samples every {settings.interval_seconds:g} s")
    for line in plan_lines(plans):
        print(line)
    for sink in sinks:
        if not isinstance(sink, PlanningSink):
            print(f"{sink.name}: cannot say beforehand what it would send")


def samples_now(rosters: Sequence[Roster], settings: Settings) -> list[Sample]:
    """What every source says that answers within ten seconds."""
    snapshot, stop = Snapshot(time), Event()
    log = Log(sys.stderr, settings.log_format, settings.log_level, time)
    crew = Crew(rosters, Surroundings(Rhythm.of(1.0), snapshot, log, time, stop))
    crew.start()
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and not (crew.is_ready and _all_answered(snapshot)):
        time.sleep(_LOOK_SECONDS)
    stop.set()
    return snapshot.samples()


def _all_answered(snapshot: Snapshot) -> bool:
    return all(reading.state in _ANSWERED for reading in snapshot.readings().values())
