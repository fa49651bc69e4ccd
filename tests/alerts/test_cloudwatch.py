"""CloudWatch alarms: valid, made once, changed when they differ, deleted when they are ours, at an allowed pace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.alarm import Alarm, Composite, Untold
from alerts.alert import Severity
from alerts.dialects.cloudwatch import Account, unsaid, wanted
from alerts.dialects.cloudwatch_account import Alarms, Step
from analyzer.advice.thresholds import Thresholds
from exporters.source import GpuyieldError
from gpuyield.__main__ import main
from tests.alerts.alarm_store import AlarmStore
from tests.alerts.promtool import every_alert
from tests.cloudwatch_double.faults import Fault
from tests.cloudwatch_double.server import CloudWatchDouble, cloudwatch

_ACCOUNT = Account("prod", actions={Severity.PAGE: ("arn:aws:sns:eu-west-1:123456789012:oncall",)})
_WRITES = ("PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms")


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatchDouble]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with cloudwatch() as found:
        yield found


@pytest.fixture
def store(double: CloudWatchDouble) -> AlarmStore:
    return AlarmStore(double)


def _alarms(double: CloudWatchDouble, waited: list[float] | None = None, account: Account = _ACCOUNT) -> Alarms:
    return Alarms(account, "eu-west-1", double.url, (waited if waited is not None else []).append)


def _apply(alarms: Alarms, thresholds: Thresholds | None = None) -> dict[str, Step]:
    made = wanted(_ACCOUNT, thresholds or Thresholds())
    steps = alarms.steps(made)
    alarms.apply(made, steps)
    return steps


def _writes(double: CloudWatchDouble) -> int:
    return sum(request.operation in _WRITES and not request.error for request in double.requests)


def test_every_alert_has_an_alarm_or_says_why_not() -> None:
    made = wanted(_ACCOUNT, Thresholds())
    for alert in every_alert():
        name = _ACCOUNT.prefix + alert.name
        match alert.alarm:
            case Alarm():
                assert name in made.metric
            case Composite(parts=parts):
                assert name in made.composite
                assert {f"{name}-{part}" for part in parts} <= set(made.metric)
            case Untold(reason=reason):
                assert any(line.startswith(alert.name) and reason in line for line in unsaid())


def test_an_alarm_has_the_number_of_its_rule() -> None:
    changed = replace(Thresholds(), kv_high_ratio=0.77, ttft_p95_critical_seconds=2.5)
    made = wanted(_ACCOUNT, changed).metric
    assert made["gpuyield-prod-GpuyieldKvSaturated"]["Threshold"] == 0.77
    (within, _) = made["gpuyield-prod-GpuyieldTtftBurnsFast-1h"]["Metrics"]
    assert within["MetricStat"]["Stat"] == "PR(:2.5)"


def test_only_those_who_are_to_be_woken_are_told() -> None:
    made = wanted(_ACCOUNT, Thresholds())
    assert made.composite["gpuyield-prod-GpuyieldTtftBurnsFast"]["AlarmActions"]
    assert not made.metric["gpuyield-prod-GpuyieldTtftBurnsFast-1h"]["AlarmActions"]
    assert not made.metric["gpuyield-prod-GpuyieldIdleHeld"]["AlarmActions"]


def test_too_many_actions_are_refused_before_aws_does() -> None:
    with pytest.raises(GpuyieldError, match="5 actions"):
        wanted(Account("prod", actions={Severity.PAGE: ("arn",) * 6}), Thresholds())


def test_a_second_apply_changes_nothing(double: CloudWatchDouble, store: AlarmStore) -> None:
    assert set(_apply(_alarms(double)).values()) == {Step.NEW}
    before = _writes(double)
    assert set(_apply(_alarms(double)).values()) == {Step.SAME}
    assert _writes(double) == before == len(store.alarms)
    assert all(tags == [{"Key": "gpuyield-cluster", "Value": "prod"}] for tags in store.tags.values())


def test_a_new_number_changes_its_alarm_alone(double: CloudWatchDouble, store: AlarmStore) -> None:
    _apply(_alarms(double))
    steps = _apply(_alarms(double), replace(Thresholds(), kv_high_ratio=0.8))
    assert [name for name, step in steps.items() if step is Step.CHANGED] == ["gpuyield-prod-GpuyieldKvSaturated"]
    assert store.alarms["gpuyield-prod-GpuyieldKvSaturated"]["Threshold"] == 0.8


def test_what_is_not_ours_is_left_alone(double: CloudWatchDouble, store: AlarmStore) -> None:
    theirs = wanted(_ACCOUNT, Thresholds()).metric["gpuyield-prod-GpuyieldIdleHeld"]
    store.put_metric_alarm(theirs | {"Threshold": 99.0})
    steps = _apply(_alarms(double))
    assert steps["gpuyield-prod-GpuyieldIdleHeld"] is Step.FOREIGN
    alarms = _alarms(double)
    alarms.delete(alarms.ours())
    assert list(store.alarms) == ["gpuyield-prod-GpuyieldIdleHeld"]
    assert store.alarms["gpuyield-prod-GpuyieldIdleHeld"]["Threshold"] == 99.0


def test_an_alarm_that_is_no_more_goes(double: CloudWatchDouble, store: AlarmStore) -> None:
    old = wanted(_ACCOUNT, Thresholds()).metric["gpuyield-prod-GpuyieldIdleHeld"]
    tag = {"Key": "gpuyield-cluster", "Value": "prod"}
    store.put_metric_alarm(old | {"AlarmName": "gpuyield-prod-Former", "Tags": [tag]})
    assert _apply(_alarms(double))["gpuyield-prod-Former"] is Step.GONE
    assert "gpuyield-prod-Former" not in store.alarms


def test_writes_keep_the_pace_that_cloudwatch_allows(double: CloudWatchDouble, store: AlarmStore) -> None:
    waited: list[float] = []
    _apply(_alarms(double, waited))
    assert sum(waited) * 3 >= _writes(double) == len(store.alarms)


def test_a_busy_cloudwatch_is_asked_again(double: CloudWatchDouble, store: AlarmStore) -> None:
    faults = iter([Fault.NONE, Fault.THROTTLE, Fault.THROTTLE])
    double.faults = lambda _: next(faults, Fault.NONE)
    assert set(_apply(_alarms(double)).values()) == {Step.NEW}
    assert len(store.alarms) == _writes(double)


def test_the_command_compares_applies_and_deletes(
    double: CloudWatchDouble, store: AlarmStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("alerts.dialects.cloudwatch_account.time.sleep", lambda _: None)
    words = ["rules", "cloudwatch", "--cluster", "prod", "--endpoint-url", double.url]
    assert main([*words, "--diff"]) == 0
    told = capsys.readouterr()
    assert not store.alarms
    assert "gpuyield-prod-GpuyieldIdleHeld: new" in told.out
    assert "GpuyieldFatalFault: no alarm" in told.err
    assert main([*words, "--apply", "--page", "arn:aws:sns:eu-west-1:123456789012:oncall"]) == 0
    assert store.alarms
    assert main([*words, "--delete"]) == 0
    assert not store.alarms


def test_the_numbers_of_the_advice_settings_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("thresholds: {kv_high_ratio: 0.66}\n")
    assert main(["rules", "cloudwatch", "--cluster", "prod", "--advice-settings", str(settings)]) == 0
    assert '"Threshold": 0.66' in capsys.readouterr().out


def test_what_aws_must_allow_for_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gpuyield-prod-*"
    assert main(["permissions", "iam", "--for", "rules", "--arn", arn]) == 0
    statements = json.loads(capsys.readouterr().out)["Statement"]
    assert {action for one in statements for action in one["Action"]} == {
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutCompositeAlarm",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
    }
    assert all(one["Resource"] == [arn] for one in statements)
