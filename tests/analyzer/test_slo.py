"""SLOs as people type them."""

from __future__ import annotations

import pytest

from analyzer.slo import Limit, Slo, SloError, parse_slo


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("ttft=0.5", Limit("ttft", 0.5)),
        ("tpot=50ms@p95", Limit("tpot", 0.05, 0.95)),
        ("e2e=10s", Limit("e2e", 10.0)),
        ("itl=0.1@p99.9", Limit("itl", 0.1, 0.999)),
    ],
)
def test_limits(text: str, limit: Limit) -> None:
    (read,) = parse_slo([text]).limits
    assert read.quantity == limit.quantity
    assert read.seconds == pytest.approx(limit.seconds)
    assert read.attainment == pytest.approx(limit.attainment)


def test_none_is_not_chosen() -> None:
    assert parse_slo([]) == Slo()
    assert not Slo().chosen


def test_a_preset_gives_both_limits() -> None:
    slo = parse_slo(["mlperf:llama-2-70b/interactive"])
    assert slo.limits == (Limit("ttft", 0.45, 0.99), Limit("tpot", 0.04, 0.99))
    assert str(slo) == "ttft <= 0.45 s for 99 %, tpot <= 0.04 s for 99 %"


@pytest.mark.parametrize(
    "text",
    [
        "", "ttft", "ttft=", "ttft=fast", "speed=1", "ttft=0", "ttft=-1", "ttft=1.2.3", "ttft=.", "ttft=1h",
        "ttft=1@p0", "ttft=1@p100", "ttft=1@p", "ttft=1@95", " ttft=1", "ttft=nan", "ttft=inf", "mlperf:", "mlperf:x/y",
    ],
)  # fmt: skip
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(SloError, match="--slo"):
        parse_slo([text])


def test_a_quantity_twice() -> None:
    with pytest.raises(SloError, match="ttft twice"):
        parse_slo(["ttft=1", "ttft=2"])
    with pytest.raises(SloError, match="twice"):
        parse_slo(["ttft=1", "mlperf:llama-2-70b/server"])
