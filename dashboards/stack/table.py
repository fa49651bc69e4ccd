"""What stands on the screen while the stack runs: where everything is, and what to look at there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from dashboards.stack.files import TARGETS
from dashboards.stack.stack import HAS_ADVISOR, Stack

_DOLLARS = quote("sum by (state) (increase(gpuyield_ledger_dollars_total[15m]))")
# end of a target's job -> what it is, and what to look at
_KINDS = {
    "gpuyield-node": ("agent of a node", "its accelerators, and which pod holds each"),
    "vllm": ("engine", "requests, tokens and latencies of a model server"),
    "kube-state-metrics": ("cluster", "nodes and pods"),
    "karpenter": ("Karpenter", "what it launched and took away"),
}

Row = tuple[str, str, str]


def rows(stack: Stack) -> Iterator[Row]:
    """(what it is, what to look at, URL)"""
    prometheus, manager = f"http://{stack.places.prometheus}", f"http://{stack.places.alertmanager}"
    yield "Prometheus", "what is scraped; an engine in docs crashes again and again", f"{prometheus}/targets"
    yield "", "dollars by state in 15 minutes", f"{prometheus}/graph?g0.expr={_DOLLARS}&g0.tab=1"
    yield "", "alerts; a minute after the start a card falls off the bus", f"{prometheus}/alerts"
    yield "Alertmanager", "what someone would be told", f"{manager}/#/alerts"
    yield "publish", "the ledger as counters, five minutes at a time", f"http://{stack.places.publish}/metrics"
    if HAS_ADVISOR:
        yield "advisor", "where the dollars go, and what to change", f"http://{stack.advisor}"
    yield from _pages(stack)


def _pages(stack: Stack) -> Iterator[Row]:
    """One of each kind."""
    left = dict(_KINDS)
    for group in json.loads((stack.folder / TARGETS).read_text()):
        labels = group["labels"]
        about = left.pop(labels["job"].rpartition("/")[2], None)
        if about is not None:
            yield *about, f"http://{group['targets'][0]}{labels['__metrics_path__']}"


def table(found: Iterable[Row]) -> str:
    """The URLs have lines of their own: they are long, and must not be broken."""
    return "".join(f"{name:16}  {look}\n{'':18}{url}\n" for name, look, url in found)


def screen(stack: Stack) -> str:
    lines = [table(rows(stack))]
    if not HAS_ADVISOR:
        lines.append("The advisor is left out: this release has none.")
    lines.append(f"Boards for a Grafana of yours: {stack.boards}\nLogs: {stack.logs}\nCtrl-C ends everything.\n")
    return "\n".join(lines)
