"""Alarms in an account: what is there, what differs, and the change, at the pace that CloudWatch allows.

An alarm is ours by its tag. One of our name without the tag is somebody else's and is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alerts.dialects.cloudwatch import Account, Json, Wanted
from exporters.sinks.cloudwatch.client import client, library
from exporters.source import GpuyieldError, SourceFailed

TAG = "gpuyield-cluster"
# Writes 3 a second and reads 9, by AWS's quotas of CloudWatch; a little is left for others in the account.
_WRITE_SECONDS, _READ_SECONDS = 0.4, 0.15
_PAGE, _DELETED_AT_ONCE = 100, 100
_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # while CloudWatch is busy
_BUSY = ("Throttling", "ThrottlingException", "LimitExceededException", "InternalServiceFault")


class Step(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "unchanged"
    GONE = "to be deleted"
    FOREIGN = "not ours, left alone"


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Alarms:
    """Those of a cluster in an account. `pause` waits so many seconds."""

    account: Account
    region: str | None
    endpoint_url: str | None = None
    pause: Callable[[float], None] = _sleep

    def steps(self, wanted: Wanted) -> dict[str, Step]:
        """What would be done, by the name of the alarm."""
        there = dict(self._present())
        found = {}
        for name, request in {**wanted.metric, **wanted.composite}.items():
            found[name] = self._step(request, there.get(name))
        for name, described in there.items():
            if name not in found and self._is_ours(described):
                found[name] = Step.GONE
        return found

    def apply(self, wanted: Wanted, steps: Mapping[str, Step]) -> None:
        """Composites come after what they are made of, and go before it."""
        changed = [name for name, step in steps.items() if step in (Step.NEW, Step.CHANGED)]
        for name in changed:
            if name in wanted.metric:
                self._put_metric(wanted.metric[name])
        for name in changed:
            if name in wanted.composite:
                self._put_composite(wanted.composite[name])
        self.delete([name for name, step in steps.items() if step is Step.GONE])

    def delete(self, names: list[str]) -> None:
        """CloudWatch takes a hundred metric alarms at a time, and one composite."""
        there = dict(self._present())
        composites = [name for name in names if "AlarmRule" in there.get(name, {})]
        metric = [name for name in names if name in there and name not in composites]
        for name in composites:
            self._delete([name])
        for start in range(0, len(metric), _DELETED_AT_ONCE):
            self._delete(metric[start : start + _DELETED_AT_ONCE])

    def ours(self) -> list[str]:
        """All alarms of the cluster that carry our tag."""
        return [name for name, described in self._present() if self._is_ours(described)]

    def _step(self, request: Json, described: Json | None) -> Step:
        if described is None:
            return Step.NEW
        if not self._is_ours(described):
            return Step.FOREIGN
        return Step.SAME if _holds(described, request) else Step.CHANGED

    @property
    def _tag(self) -> dict[str, str]:
        return {"Key": TAG, "Value": self.account.cluster}

    def _present(self) -> Iterator[tuple[str, Json]]:
        token: dict[str, str] = {}
        while True:
            answer = self._page(token)
            for kind in ("MetricAlarms", "CompositeAlarms"):
                yield from ((one["AlarmName"], one) for one in answer.get(kind, ()))
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _page(self, token: dict[str, str]) -> Json:
        wanted = {"AlarmNamePrefix": self.account.prefix, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], **token}
        return self._patiently(
            "cloudwatch:DescribeAlarms",
            _READ_SECONDS,
            lambda: client("cloudwatch", self.region, self.endpoint_url).describe_alarms(**wanted, MaxRecords=_PAGE),
        )

    def _is_ours(self, described: Json) -> bool:
        arn = described["AlarmArn"]
        answer = self._patiently(
            "cloudwatch:ListTagsForResource",
            _READ_SECONDS,
            lambda: client("cloudwatch", self.region, self.endpoint_url).list_tags_for_resource(ResourceARN=arn),
        )
        return self._tag in answer["Tags"]

    def _put_metric(self, request: Json) -> None:
        self._patiently(
            "cloudwatch:PutMetricAlarm",
            _WRITE_SECONDS,
            lambda: client("cloudwatch", self.region, self.endpoint_url).put_metric_alarm(**request, Tags=[self._tag]),
        )

    def _put_composite(self, request: Json) -> None:
        self._patiently(
            "cloudwatch:PutCompositeAlarm",
            _WRITE_SECONDS,
            lambda: client("cloudwatch", self.region, self.endpoint_url).put_composite_alarm(
                **request, Tags=[self._tag]
            ),
        )

    def _delete(self, names: list[str]) -> None:
        self._patiently(
            "cloudwatch:DeleteAlarms",
            _WRITE_SECONDS,
            lambda: client("cloudwatch", self.region, self.endpoint_url).delete_alarms(AlarmNames=names),
        )

    def _patiently(self, action: str, pace_seconds: float, call: Callable[[], Json]) -> Json:
        """Waits before the call, and longer each time that CloudWatch is busy."""
        errors = library("botocore.exceptions")
        self.pause(pace_seconds)
        for wait in (*_WAITS, None):
            try:
                return call()
            except errors.ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code not in _BUSY or wait is None:
                    raise _failed(action, code) from None
            except errors.BotoCoreError as error:
                raise SourceFailed(f"CloudWatch cannot be asked: {type(error).__name__}") from None
            self.pause(wait)
        raise AssertionError("the last try answers or raises")


def _failed(permission: str, code: str) -> GpuyieldError:
    if "AccessDenied" in code:
        return GpuyieldError(f"AWS refuses ({code}): the caller needs {permission}")
    return SourceFailed(f"CloudWatch refuses {permission} ({code})")


def _holds(described: Any, request: Any) -> bool:
    """Whether what stands there says all that is asked for; CloudWatch adds defaults, and orders lists as it likes."""
    match request:
        case dict():
            return all(_holds(described.get(key, [] if value == [] else None), value) for key, value in request.items())
        case list():
            return len(described) == len(request) and all(
                any(_holds(there, wanted) for there in described) for wanted in request
            )
    return bool(described == request)
