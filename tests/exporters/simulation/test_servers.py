"""Pages of vLLM servers: counters, restarts, overload."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.simulation.fleet import Fleet
from exporters.simulation.servers import ServerPage
from exporters.simulation.target import Target


def _servers(fleet: Fleet) -> Iterator[tuple[Target, ServerPage]]:
    for target in fleet.targets:
        if isinstance(target.page, ServerPage):
            yield target, target.page


def _values(page: bytes) -> dict[str, float]:
    """By name, with the bucket's bound or the finished reason."""
    found = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            extra = sample.labels.get("le") or sample.labels.get("finished_reason") or ""
            found[f"{sample.name.removeprefix('vllm:')} {extra}".strip()] = sample.value
    return found


def _counts(target: Target, since: float, until: float) -> list[tuple[float, dict[str, float]]]:
    return [(at, _values(page)) for at, page in target.pages(since, until) if page is not None]


def test_counters_only_rise_and_buckets_are_cumulative(morning: Fleet) -> None:
    for target, _ in islice(_servers(morning), 3):
        before: dict[str, float] = {}
        for _, values in _counts(target, morning.start, morning.end):
            rising = {name: value for name, value in values.items() if "num_requests" not in name and "kv" not in name}
            assert all(value >= before.get(name, 0) for name, value in rising.items())
            before = rising
            buckets = [value for name, value in values.items() if name.startswith("time_to_first_token_seconds_bucket")]
            assert buckets == sorted(buckets)
            assert len(buckets) == 23
            assert buckets[-1] == values["time_to_first_token_seconds_count"]
            finished = sum(values[f"request_success_total {reason}"] for reason in ("stop", "length", "abort"))
            assert values["request_generation_tokens_count"] == finished


def test_tokens_stand_still_while_nothing_runs(morning: Fleet) -> None:
    for target, page in islice(_servers(morning), 3):
        samples = _counts(target, morning.start, morning.end)
        for (at, old), (now, new) in pairwise(samples):
            worked = any(span.start < now and at < span.end for span in page.traffic.active)
            assert (new["generation_tokens_total"] > old["generation_tokens_total"]) == worked


def test_the_true_total_is_what_the_counters_counted(fleet: Fleet) -> None:
    """A server killed at rest on day 3 starts again from zero: both parts are counted, and nothing is hidden."""
    target, page = next(_servers(fleet))
    first, second = page.lives
    samples = _counts(target, first.end - 900, second.ready + 3600)
    last = max(at for at, _ in samples if at < first.end)
    before = next(values for at, values in samples if at == last)
    after = samples[-1][1]
    assert before["num_requests_running"] == 0
    assert after["process_start_time_seconds"] == pytest.approx(second.start, abs=0.01)
    opening = _counts(target, fleet.start, fleet.start + 300)[0][1]
    closing = _counts(target, fleet.end - 300, fleet.end)[-1][1]
    seen = before["generation_tokens_total"] - opening["generation_tokens_total"] + closing["generation_tokens_total"]
    assert seen == pytest.approx(page.tokens().generation, rel=2e-3)


def test_fleet_totals_add_the_servers_of_a_model(fleet: Fleet) -> None:
    key = ("assist", "Qwen/Qwen3-32B")
    parts = [page.tokens() for target, page in _servers(fleet) if dict(target.labels)["namespace"] == key[0]]
    assert fleet.tokens[key] == (sum(part.prompt for part in parts), sum(part.generation for part in parts))
    assert len(parts) == 2


def test_overload_shows_in_the_latency_and_the_queue(fleet: Fleet) -> None:
    target, _ = next(_servers(fleet))
    noon = fleet.start + 86400 + 13.5 * 3600
    samples = [values for _, values in _counts(target, noon, noon + 3600)]
    started = samples[-1]["time_to_first_token_seconds_count"] - samples[0]["time_to_first_token_seconds_count"]
    quick = samples[-1]["time_to_first_token_seconds_bucket 0.5"] - samples[0]["time_to_first_token_seconds_bucket 0.5"]
    assert quick < 0.1 * started
    assert samples[-1]["num_requests_waiting"] > 0


def test_a_server_that_loads_does_not_answer(fleet: Fleet) -> None:
    target, page = next(_servers(fleet))
    first, second = page.lives
    assert {page for _, page in target.pages(first.end, second.ready - 10)} == {None}
