"""Generated operating points with a known truth: the sign is found; where the points do not tell, nothing is said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from analyzer.correlation.estimate import Estimate
from analyzer.correlation.verdict import verdicts
from analyzer.correlation.yields import Yield, yields_of

Floats = npt.NDArray[np.float64]
_ALWAYS = {
    "cluster": "c", "namespace": "ml", "workload": "w", "engine": "vllm", "capacity_type": "on-demand",
    "settings": "2 devices", "counters": "absent", "effective_source": "device",
}  # fmt: skip


def _points(load: Floats, tokens: Floats, **more: Floats | float | None) -> pa.Table:
    """Cells of two replicas of two devices at $12 an hour; `load` and `tokens` per second of both together."""
    count = len(load)
    columns: dict[str, object] = {name: [value] * count for name, value in _ALWAYS.items()}
    columns |= {"model": ["m"] * count, "instance_type": ["p5.48xlarge"] * count}
    columns["start"] = pa.array(range(0, count * 300_000_000, 300_000_000), pa.timestamp("us", tz="UTC"))
    plain = {"seconds": 300.0, "replicas": 2.0, "accelerators": 4.0, "waiting": 0.0, "dollars": 1.0} | more
    plain |= {"running": load, "generated_tokens": tokens * 300}
    for name in ("busy", "effective", "compute", "memory", "mfu", "mbu", *plain):
        value = plain.get(name)
        columns[name] = pa.array(np.broadcast_to(value, count) if value is not None else [None] * count, pa.float64())
    return pa.table(columns)


def _load(seed: int, count: int = 600) -> tuple[Floats, np.random.Generator]:
    """A load that comes and goes within some twenty minutes."""
    rng = np.random.default_rng(seed)
    load = np.zeros(count)
    for at in range(1, count):
        load[at] = 0.75 * load[at - 1] + rng.standard_normal()
    return 8 + 2 * load - 2 * load.min(), rng


def _one(points: pa.Table) -> Yield:
    (found,) = yields_of(points)
    return found


def _correlation(one: Yield, name: str) -> tuple[Estimate, Estimate | None]:
    found = next(part for part in one.correlations if part.quantity == name)
    assert found.plain is not None
    return found.plain, found.at_equal_load


def test_busy_that_has_nothing_to_do_with_tokens_is_no_signal() -> None:
    load, rng = _load(1)
    one = _one(_points(load, 50 * load, busy=0.96 + 0.03 * rng.random(600), effective=load / load.max()))
    busy, _ = _correlation(one, "busy")
    effective, _ = _correlation(one, "effective")
    assert busy.within(0.3)
    assert effective.above(0.9)
    assert any(text.startswith("busy ratio: no word on how many tokens a dollar buys") for text in verdicts(one))


@pytest.mark.parametrize(("sign", "shape"), [(1, lambda load: load), (-1, lambda load: 1 / load)])
def test_the_sign_of_load_is_found(sign: int, shape: Callable[[Floats], Floats]) -> None:
    load, rng = _load(2)
    plain, _ = _correlation(_one(_points(load, 50 * shape(load) * np.exp(0.2 * rng.standard_normal(600)))), "running")
    assert plain.above(0.3) if sign > 0 else plain.below(-0.3)


def test_at_equal_load_a_ratio_that_only_follows_it_says_nothing() -> None:
    load, rng = _load(3)
    noisy = [load * np.exp(0.1 * rng.standard_normal(600)) for _ in range(2)]
    one = _one(_points(load, 50 * noisy[0], busy=noisy[1] / noisy[1].max(), effective=noisy[1] / noisy[1].max()))
    plain, left = _correlation(one, "busy")
    assert plain.above(0.6)
    assert left is not None
    assert left.within(0.3)
    assert any("goes with the load" in text for text in verdicts(one))


def test_busy_cards_with_little_work_have_batches_too_small() -> None:
    load, rng = _load(4)
    memory = 0.25 + 0.1 * load / load.max() + 0.01 * rng.standard_normal(600)
    parts: dict[str, Floats] = {"busy": 0.94 + 0.04 * rng.random(600), "memory": memory, "effective": memory}
    one = _one(_points(load, 50 * load, **parts))
    expected = f"GPU busy 96 %, bandwidth {100 * memory.mean():.0f} %: batches too small"
    assert verdicts(one)[0] == expected
    waiting = _one(_points(load, 50 * load, **parts | {"waiting": np.full(600, 5.0)}))
    assert verdicts(waiting)[0].endswith("busy with little work at a time")  # requests wait: not for want of load


def test_a_card_at_its_bandwidth_is_well_used() -> None:
    load, rng = _load(5)
    one = _one(_points(load, 50 * load, busy=0.94 + 0.04 * rng.random(600), mbu=0.7 + 0.05 * rng.random(600)))
    assert verdicts(one)[0].endswith("well used, bound by bandwidth")


def test_few_points_are_not_judged() -> None:
    load, _ = _load(6, 47)
    one = _one(_points(load, 50 * load, busy=load / load.max()))
    assert one.reason == "47 points; an interval asks for 48"
    assert isinstance(one.ratios["busy"], float)
    assert not one.correlations
    assert not verdicts(one)


def test_a_load_that_changed_a_few_times_is_not_judged() -> None:
    load = np.repeat([2.0, 8.0, 4.0, 16.0], 50) + np.random.default_rng(7).random(200)
    assert "times; an interval asks for 8" in _one(_points(load, 50 * load)).reason


def test_a_ratio_that_hardly_varies_has_no_rank_to_correlate() -> None:
    load, rng = _load(8)
    one = _one(_points(load, 50 * load, busy=0.95 + 0.01 * rng.random(600)))
    (busy,) = (part for part in one.correlations if part.quantity == "busy")
    assert (busy.plain, busy.reason) == (None, "it hardly varies")


def test_without_a_price_tokens_are_held_against_device_time() -> None:
    load, _ = _load(9)
    one = _one(_points(load, 50 * load, dollars=None))
    assert one.per == "accelerator-second"
    assert one.tokens_per == pytest.approx(50 * load.mean() / 4)


def test_idle_cells_count_for_what_a_dollar_buys_and_not_for_the_correlation() -> None:
    load, _ = _load(10)
    tokens = np.where(np.arange(600) < 300, 0.0, 50 * load)
    one = _one(_points(load, tokens))
    assert one.points == 300
    assert one.tokens_per == pytest.approx(300 * tokens.mean())


def test_models_are_apart_and_no_accelerator_is_no_point() -> None:
    load, _ = _load(11)
    other = _points(load, 20 * load, dollars=2.0)
    place = other.column_names.index("model")
    both = pa.concat_tables([_points(load, 50 * load), other.set_column(place, "model", pa.array(["other"] * 600))])
    assert {one.subject.model: round(one.tokens_per / 15_000 / load.mean(), 2) for one in yields_of(both)} == {
        "m": 1.0,
        "other": 0.2,
    }
    assert yields_of(_points(load, load, accelerators=None)) == []
    assert yields_of(both.slice(0, 0)) == []
