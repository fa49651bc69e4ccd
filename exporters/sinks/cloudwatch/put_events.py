"""Sends log events, out of which CloudWatch takes metrics; makes the log group and stream where they are missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.agent.clock import Clock
from exporters.sinks.cloudwatch.answers import NotThere, translated
from exporters.sinks.cloudwatch.client import ANSWER_SECONDS, client, library
from exporters.sinks.cloudwatch.limits import NEWEST_SECONDS, OLDEST_SECONDS
from exporters.sinks.cloudwatch.log_batches import LogEvent, unpacked
from exporters.sinks.delivery.batch import Later

TOO_OLD, TOO_NEW, EXPIRED = "too_old", "too_new", "expired"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the service is; None: as boto3 finds it."""

    region: str | None = None
    url: str | None = None
    answer_seconds: float = ANSWER_SECONDS


@dataclass(frozen=True, slots=True)
class PutEvents:
    """To one stream of one group."""

    endpoint: Endpoint
    group: str
    stream: str
    clock: Clock

    def send(self, body: bytes) -> Mapping[str, int]:
        """What is outside the window of time is counted here, and not sent."""
        now, lines = self.clock.time(), unpacked(body)
        old = [line for line in lines if line.at < (now - OLDEST_SECONDS) * 1000]
        new = [line for line in lines if line.at > (now + NEWEST_SECONDS) * 1000]
        fresh = lines[len(old) : len(lines) - len(new)]
        rejected = {TOO_OLD: _samples(old), TOO_NEW: _samples(new)}
        if fresh:
            rejected = _sum(rejected, self._put_or_make(fresh))
        return {reason: count for reason, count in rejected.items() if count}

    def _put_or_make(self, lines: Sequence[LogEvent]) -> dict[str, int]:
        with contextlib.suppress(NotThere):
            return self._put(lines)
        self._make()
        try:
            return self._put(lines)
        except NotThere as missing:
            raise Later(str(missing)) from None

    def _put(self, lines: Sequence[LogEvent]) -> dict[str, int]:
        logs = client("logs", self.endpoint.region, self.endpoint.url, self.endpoint.answer_seconds)
        events = [{"timestamp": line.at, "message": line.message} for line in lines]
        with translated("logs:PutLogEvents"):
            answer = logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        return rejected_samples(lines, answer.get("rejectedLogEventsInfo", {}))

    def _make(self) -> None:
        logs = client("logs", self.endpoint.region, self.endpoint.url, self.endpoint.answer_seconds)
        with translated("logs:CreateLogGroup"), _there_already():
            logs.create_log_group(logGroupName=self.group)
        with translated("logs:CreateLogStream"), _there_already():
            logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)


def rejected_samples(lines: Sequence[LogEvent], info: Mapping[str, Any]) -> dict[str, int]:
    """By reason. Events are in the order of time: the old ones stand first, the new ones last."""
    old = int(info.get("tooOldLogEventEndIndex", 0))
    expired = max(old, int(info.get("expiredLogEventEndIndex", 0)))
    new = max(expired, int(info.get("tooNewLogEventStartIndex", len(lines))))
    return {TOO_OLD: _samples(lines[:old]), EXPIRED: _samples(lines[old:expired]), TOO_NEW: _samples(lines[new:])}


def _samples(lines: Sequence[LogEvent]) -> int:
    return sum(line.samples for line in lines)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {reason: one.get(reason, 0) + other.get(reason, 0) for reason in {**one, **other}}


@contextlib.contextmanager
def _there_already() -> Iterator[None]:
    faults = library("botocore.exceptions")
    try:
        yield
    except faults.ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceAlreadyExistsException":
            raise
