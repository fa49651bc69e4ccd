"""The agent as its clients meet it: quick pages whatever the devices do, readiness, sinks, a clean end."""

from __future__ import annotations

import re
import threading
import time
import urllib.error
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from exporters.agent.agent import Agent
from exporters.agent.settings import Address, Settings
from exporters.agent.web import ListenError
from exporters.metric import Sample
from exporters.sinks.sink import SinkFailed
from tests.exporters.agent.conftest import Card, Slots, Start, busy, get, page_of, up, wait_for


def test_scrapes_are_answered_at_once_while_devices_hang(start: Start) -> None:
    cards = {f"c{number}": Card(f"GPU-{number}") for number in range(8)}
    agent = start(Slots("cards", **cards))
    wait_for(lambda: up(agent, "cards/c7") == 1)
    for number in range(4):
        cards[f"c{number}"].go_on.clear()
    wait_for(lambda: [up(agent, f"cards/c{number}") for number in range(8)] == [0, 0, 0, 0, 1, 1, 1, 1])
    seconds = []
    for _ in range(200):
        began = time.perf_counter()
        page = get(f"{agent.url}/metrics")
        seconds.append(time.perf_counter() - began)
        assert b'uuid="GPU-7"' in page
    for card in cards.values():
        card.go_on.set()
    print(
        f"scrapes while 4 of 8 cards hang: median {median(seconds) * 1e3:.1f} ms, longest {max(seconds) * 1e3:.1f} ms"
    )
    assert median(seconds) < 2


def test_two_hundred_scrapes_at_once(start: Start) -> None:
    agent = start(Slots("cards", a=Card("GPU-0", 0.25)))
    wait_for(lambda: busy(agent, "GPU-0") == 0.25)
    together = threading.Barrier(200)

    def scrape(number: int) -> bytes:
        together.wait(30)
        return get(f"{agent.url}/metrics", Accept_Encoding="gzip" if number % 2 else "identity")

    with ThreadPoolExecutor(200) as pool:
        pages = list(pool.map(scrape, range(200)))
    assert all((page[:2] == b"\x1f\x8b") if number % 2 else (b"GPU-0" in page) for number, page in enumerate(pages))


def test_it_is_ready_once_every_source_was_asked_be_it_in_vain(start: Start) -> None:
    card, slow = Card("GPU-0"), Slots("slow")
    card.go_on.clear()
    slow.go_on.clear()
    agent = start(Slots("cards", a=card), slow)
    assert get(f"{agent.url}/-/healthy") == b"healthy\n"
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{agent.url}/-/ready")
    assert caught.value.code == 503
    caught.value.close()
    wait_for(lambda: agent.is_ready)
    assert get(f"{agent.url}/-/ready") == b"ready\n"
    page = page_of(agent)
    assert (page["source_up", "cards/a"], page["source_up", "slow/roster"]) == (0, 0)
    assert ("source_last_success_timestamp_seconds", "cards/a") not in page
    card.go_on.set()
    slow.go_on.set()


class Memory:
    """A sink that keeps what it was sent, or refuses it."""

    name = "memory"

    def __init__(self) -> None:
        self.sent: list[Sequence[Sample]] = []
        self.trouble: Exception | None = None

    def send(self, samples: Sequence[Sample]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(samples)


def test_a_sink_is_sent_what_the_page_shows_and_its_failures_are_counted(start: Start) -> None:
    sink = Memory()
    agent = start(Slots("cards", a=Card("GPU-0", 0.25)), sinks=(sink,))
    wait_for(lambda: any(one.value == 0.25 for samples in sink.sent for one in samples))
    for trouble in (SinkFailed("collector away"), RuntimeError("oops")):
        before = failed(agent)
        sink.trouble = trouble
        wait_for(lambda before=before: failed(agent) > before)  # type: ignore[misc]
    sink.trouble = None
    count = len(sink.sent)
    wait_for(lambda: len(sink.sent) > count)


def failed(agent: Agent) -> float:
    """How many samples the sink did not take."""
    line = re.search(rb'sink_samples_total{result="failed",sink="memory"} (\S+)', get(f"{agent.url}/metrics"))
    return float(line[1]) if line else 0.0


class Held(Slots):
    """A roster that holds something."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_the_end_is_quick_closes_rosters_and_leaves_only_what_hangs(start: Start) -> None:
    well, hung = Card("GPU-0"), Card("GPU-1")
    held = Held("cards", well=well, hung=hung)
    agent = start(held)
    wait_for(lambda: up(agent, "cards/hung") == 1)
    hung.go_on.clear()
    wait_for(lambda: hung.at_once == 1)
    url = agent.url
    agent.stop()
    assert held.closed
    mine = [
        thread.name for thread in threading.enumerate() if thread.name.startswith(("read cards", "watch", "accept"))
    ]
    assert mine == ["read cards/hung"]
    with pytest.raises(urllib.error.URLError):
        get(f"{url}/metrics")
    hung.go_on.set()


def test_an_address_that_is_taken_is_named(start: Start) -> None:
    taken = start(Slots("cards"))
    port = int(taken.url.rpartition(":")[2])
    with pytest.raises(ListenError, match=f"127.0.0.1:{port}: Address already in use"):
        Agent(Settings("n", Address("127.0.0.1", port)), [])
    with pytest.raises(ListenError, match=r"cannot listen on no-such-host\.invalid"):
        Agent(Settings("n", Address("no-such-host.invalid", 0)), [])


def test_one_that_was_never_started_can_be_stopped() -> None:
    Agent(Settings("n", Address("127.0.0.1", 0)), []).stop()
