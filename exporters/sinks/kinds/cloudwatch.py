"""--sink cloudwatch: metrics of Amazon CloudWatch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from exporters.recording.duration import parse_duration
from exporters.sinks.kind import Around, Key, SinkKind
from exporters.sinks.sink import PushSink

_MINUTE = 60
_SERIES = 1_000  # some 300 dollars a month: who wants to pay more says so


def _among(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return parse


def _period(text: str) -> int:
    seconds = parse_duration(text)
    if seconds % _MINUTE or seconds > 60 * _MINUTE:
        raise ValueError(f"{text!r}: CloudWatch keeps minutes; write 1m, 5m, up to 1h")
    return int(seconds)


def _series(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{text!r} is no number of series")
    return int(text)


def _namespace(text: str) -> str:
    if text.startswith((":", "AWS/")) or len(text) > 255:
        raise ValueError(f"{text!r}: a namespace begins neither with : nor with AWS/, and has 255 letters at most")
    return text


def _url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.username or url.password:
        raise ValueError("an endpoint is http://HOST:PORT or https://HOST, without a user or a password in it")
    return text


def make(values: Mapping[str, Any], around: Around) -> PushSink:
    from exporters.sinks.cloudwatch.put_events import Endpoint
    from exporters.sinks.cloudwatch.sink import Choice, CloudWatchSink

    choice = Choice(
        values["cluster"],
        Endpoint(values["region"], values["endpoint"]),
        values["through"],
        values["names"],
        values["namespace"],
        values["group"],
        values["stream"],
        values["period"],
        series=values["series"],
        prices=values["prices"],
    )
    return CloudWatchSink(choice, around)


kind = SinkKind(
    "metrics of Amazon CloudWatch, with the credentials that boto3 finds",
    {
        "cluster": Key("NAME", "the value of the dimension ClusterName", is_required=True),
        "region": Key("NAME", "a region of AWS; without it, the one that boto3 finds"),
        "through": Key(
            "logs|data", "log events with metrics in them, or PutMetricData", _among("logs", "data"), "logs"
        ),
        "names": Key(
            "own|container-insights",
            "our names in a namespace of our own, or those of Container Insights",
            _among("own", "container-insights"),
            "own",
        ),
        "namespace": Key("NAME", "of our own names", _namespace, "gpuyield"),
        "group": Key("NAME", "the log group; default: /aws/gpuyield/CLUSTER/performance", default=""),
        "stream": Key("NAME", "the log stream; default: the node", default=""),
        "period": Key("TIME", "one value of each series for so long", _period, _MINUTE),
        "series": Key("NUMBER", "send no more series than this in an hour; labels go first", _series, _SERIES),
        "prices": Key("FILE", "what CloudWatch charges; without it, the packaged list prices", Path),
        "endpoint": Key("URL", "of a VPC endpoint", _url),
    },
    make,
)
