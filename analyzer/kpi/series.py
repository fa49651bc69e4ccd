"""PromQL of a canonical metric, over its own series and every upstream one that means it.

Each name becomes one arm: selected, scaled, its labels brought to ours, and summed up to the labels asked for. The arms
are joined by `or`, the most trusted first: for each thing the first name that tells of it counts, so nothing is
counted twice where two exporters tell of the same, and a half-done upgrade shows both halves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from analyzer.kpi.scope import Scope
from exporters.canonical import device
from exporters.metric import Metric, Part
from exporters.upstream import upstreams_of
from exporters.upstream.declaration import Upstream

_OWN = "gpuyield"
# A target has labels of these names too, so a page's own are found under exported_... unless it was scraped with
# honorLabels, which our own pages ask for.
_OF_TARGETS = ("namespace", "pod", "container", "node")
_DEVICE = ("uuid", "mig")


@dataclass(frozen=True, slots=True)
class Read:
    """One question to a metric: `function` over the window (rate, increase, avg_over_time) or none for the value now;
    `part` of a histogram; `where`, regular expressions by canonical label; how to `combine` (sum, max, avg, group)."""

    metric: Metric
    function: str = ""
    part: Part = Part.WHOLE
    where: tuple[tuple[str, str], ...] = ()
    combine: str = "sum"


def series(read: Read, scope: Scope, by: tuple[str, ...]) -> str:
    """The PromQL that answers, with the labels `by`; a name that nobody has is in it only if every other is missing."""
    by = _spelled(by, scope)
    arms = [arm for name, upstream in _names(read) if (arm := _arm(read, name, upstream, scope, by))]
    known = [arm for arm in arms if scope.has(arm.name)]
    texts = list(dict.fromkeys(arm.text for arm in known or arms[:1]))
    return texts[0] if len(texts) == 1 else f"({' or '.join(texts)})"


def total(read: Read, scope: Scope, by: tuple[str, ...], combine: str = "sum") -> str:
    """The same added up (or otherwise combined) over the things that tell: devices, engines, pods."""
    by = _spelled(by, scope)
    things = tuple(label for label in (*_DEVICE, "node", "namespace", "pod") if label in read.metric.labels)
    if not upstreams_of(read.metric):  # ours alone: no two names can tell of the same
        return series(replace(read, combine=combine), scope, by)
    return (
        f"{combine} by ({', '.join(by)}) ({series(read, scope, tuple(dict.fromkeys((scope.cluster, *things, *by))))})"
    )


def _spelled(by: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
    return tuple(scope.cluster if label == "cluster" else label for label in by)


def names_of(metric: Metric, part: Part = Part.WHOLE) -> list[str]:
    """The names under which a store may have the metric, the most trusted first."""
    return list(dict.fromkeys(name for name, _ in _names(Read(metric, part=part))))


@dataclass(frozen=True, slots=True)
class _Arm:
    name: str
    text: str


def _names(read: Read) -> Iterator[tuple[str, Upstream]]:
    suffix = f"_{read.part}" if read.part else ""
    found = upstreams_of(read.metric) or ((_OWN, Upstream(read.metric.full_name, read.metric)),)
    yield from ((upstream.name + suffix, upstream) for _, upstream in found)


def _arm(read: Read, name: str, upstream: Upstream, scope: Scope, by: tuple[str, ...]) -> _Arm | None:
    matchers = _matchers(read, upstream, scope)
    if matchers is None:
        return None
    text = name + _braces(matchers)
    if read.function:
        text = f"{read.function}({text}[{scope.window}])"
    elif upstream.below is not None:
        text = f"({text} < {upstream.below!r})"
    if upstream.scale != 1:
        text = f"{text} * {upstream.scale!r}"
    is_own = name.startswith(read.metric.full_name)
    text = _with_place(read.metric, text, scope, by) if is_own else _renamed(text, upstream, by)
    return _Arm(name, f"{read.combine} by ({', '.join(by)}) ({text})")


def _matchers(read: Read, upstream: Upstream, scope: Scope) -> dict[str, str] | None:
    """By upstream label; None where the name can tell nothing of what is asked."""
    found = dict(upstream.where)
    found.update(dict.fromkeys(upstream.unless, ""))
    known = {"cluster", *read.metric.labels, *(("le",) if read.part is Part.BUCKET else ())}
    for label, pattern in (*scope.matchers.items(), *read.where):
        if label in upstream.constants:
            if not re.fullmatch(pattern, upstream.constants[label]):
                return None
        elif label in known and len(spelled := _spellings(upstream, label)) == 1:
            found[scope.cluster if label == "cluster" else spelled[0]] = pattern
    return found


def _braces(matchers: Mapping[str, str]) -> str:
    parts = [f"{label}=~{json.dumps(pattern)}" if pattern else f'{label}=""' for label, pattern in matchers.items()]
    return "{" + ", ".join(parts) + "}" if parts else ""


def _spellings(upstream: Upstream, label: str) -> list[str]:
    """Where the label may be found, the best first."""
    candidates = upstream.labels.get(label, ())
    if not candidates:
        return [label]
    both = [[f"exported_{one}", one] if one in _OF_TARGETS else [one.removeprefix("=")] for one in candidates]
    return [one for each in both for one in each]


def _renamed(text: str, upstream: Upstream, by: tuple[str, ...]) -> str:
    for label in by:
        if label in upstream.constants:
            text = f'label_replace({text}, "{label}", "{upstream.constants[label]}", "", "")'
            continue
        for spelling in reversed(_spellings(upstream, label)):
            if spelling != label:
                text = f'label_replace({text}, "{label}", "$1", "{spelling}", "(.+)")'
    return text


def _with_place(metric: Metric, text: str, scope: Scope, by: tuple[str, ...]) -> str:
    """Our own device series have only the device's identity; where it sits stands in the info series."""
    lacking = [label for label in by if label not in (scope.cluster, *metric.labels)]
    if not lacking or "uuid" not in metric.labels or not set(lacking) <= set(device.accelerator_info.labels):
        return text
    on = ", ".join((scope.cluster, *(label for label in _DEVICE if label in metric.labels)))
    more = ", ".join(lacking)
    clusters = scope.only("cluster").matchers.values()
    info = device.accelerator_info.full_name + _braces(dict.fromkeys((scope.cluster,), *clusters) if clusters else {})
    return f"{text} * on ({on}) group_left ({more}) max by ({on}, {more}) ({info})"
