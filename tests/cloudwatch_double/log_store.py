"""Log groups and streams: what PutLogEvents takes, what it rejects of a batch, and what makes it refuse the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.cloudwatch_double.embedded import Extraction
from tests.cloudwatch_double.refusal import ServiceError, check

_DAY_MS = 86_400_000
_BATCH_BYTES, _BATCH_EVENTS, _EVENT_BYTES, _OVERHEAD = 1_048_576, 10_000, 1_048_576, 26


@dataclass(slots=True)
class Group:
    """`retention_days` None: kept for ever."""

    streams: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    retention_days: int | None = None


class LogStore:
    """`now` is unix seconds."""

    def __init__(self, now: Callable[[], float], extraction: Extraction) -> None:
        self._now = now
        self._extraction = extraction
        self.groups: dict[str, Group] = {}

    def create_log_group(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["logGroupName"]
        check(0 < len(name) <= 512, "logGroupName: 1 to 512 characters", "InvalidParameterException")
        if name in self.groups:
            raise ServiceError("ResourceAlreadyExistsException", "The specified log group already exists")
        self.groups[name] = Group()
        return {}

    def create_log_stream(self, request: dict[str, Any]) -> dict[str, Any]:
        group, name = self._group(request), request["logStreamName"]
        is_name = 0 < len(name) <= 512 and not set(name) & set(":*")
        check(is_name, "logStreamName: 1 to 512 characters without : and *", "InvalidParameterException")
        if name in group.streams:
            raise ServiceError("ResourceAlreadyExistsException", "The specified log stream already exists")
        group.streams[name] = []
        return {}

    def put_log_events(self, request: dict[str, Any]) -> dict[str, Any]:
        group = self._group(request)
        stream = group.streams.get(request["logStreamName"])
        if stream is None:
            raise ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
        events = [(one["timestamp"], one["message"]) for one in request["logEvents"]]
        _check_batch(events)
        old, expired, new = self._window(events, group)
        for event in events[max(old, expired) : new]:
            stream.append(event)
            self._extraction.take(event[1])
        info = {
            "tooOldLogEventEndIndex": old or None,
            "expiredLogEventEndIndex": expired or None,
            "tooNewLogEventStartIndex": new if new < len(events) else None,
        }
        said = {name: index for name, index in info.items() if index is not None}
        return {"nextSequenceToken": "0", **({"rejectedLogEventsInfo": said} if said else {})}

    def _window(self, events: list[tuple[int, str]], group: Group) -> tuple[int, int, int]:
        """Ends of what is too old and expired, start of what is too new."""
        now = self._now() * 1000
        old = sum(at < now - 14 * _DAY_MS for at, _ in events)
        kept_ms = None if group.retention_days is None else group.retention_days * _DAY_MS
        expired = 0 if kept_ms is None else sum(at < now - kept_ms for at, _ in events)
        return old, expired, sum(at <= now + 7_200_000 for at, _ in events)

    def _group(self, request: dict[str, Any]) -> Group:
        if request["logGroupName"] not in self.groups:
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        return self.groups[request["logGroupName"]]


def _check_batch(events: list[tuple[int, str]]) -> None:
    wrong = "InvalidParameterException"
    check(0 < len(events) <= _BATCH_EVENTS, f"1 to {_BATCH_EVENTS} events, not {len(events)}", wrong)
    times = [at for at, _ in events]
    check(times == sorted(times), "Log events in a single PutLogEvents request must be in chronological order.", wrong)
    check(times[-1] - times[0] <= _DAY_MS, "The batch of log events cannot span more than 24 hours.", wrong)
    sizes = [len(message.encode()) for _, message in events]
    check(min(sizes) > 0, "a message is empty", wrong)
    check(max(sizes) <= _EVENT_BYTES, "Log event too large", wrong)
    check(sum(sizes) + _OVERHEAD * len(sizes) <= _BATCH_BYTES, "Upload too large", wrong)
