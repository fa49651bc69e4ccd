"""Prints what a run brought: what the agent used, how long scrapes took, and both as ratios to the peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median, quantiles

import numpy as np

from benchmarks.node_agent.machine import HANGS, UUIDS, VANISHES
from benchmarks.node_agent.soak import AGENT, PEER, Look, Run

_Figure = Callable[[Look], float]
_NICKNAMES = {HANGS: "the one that hangs", VANISHES: "the one that vanishes"}


def show(run: Run) -> None:
    print(f"\n{run.looks[-1].seconds / 60:.0f} minutes at {run.interval_seconds:g} s")
    _show_usage(run)
    _show_scrapes(run)
    _show_ratios(run)
    print(flush=True)


def _show_usage(run: Run) -> None:
    early, last = run.looks[1], run.looks[-1]
    most = max(look.rss_mib for look in run.looks)
    print(
        f"  RSS at most {most:.1f} MiB, at the end {last.rss_mib:.1f}; the simulated library alone {run.fake_mib:.1f}"
    )
    print(f"  RSS over the last half {_slope(run, _rss):+.2f} MiB/h, peer {_slope(run, _peer_rss):+.2f} MiB/h")
    ours, fake = _cpu(run, lambda look: look.cpu_seconds), _cpu(run, lambda look: look.fake_cpu_seconds)
    print(f"  CPU {ours:.2%} of a core, of which the simulated library {fake:.2%}; without it {ours - fake:.2%}")
    print(f"  threads {early.threads} to {last.threads}, open files {early.open_files} to {last.open_files},", end=" ")
    print(f"series {early.series} to {last.series}")


def _show_scrapes(run: Run) -> None:
    for client, scrapes in (("own client", run.by_client), ("Prometheus", run.by_prometheus)):
        for job in (AGENT, PEER):
            print(f"  {client}, {job:18} {_spread([seconds for _, seconds in scrapes[job]])}")
        hung = [seconds for at, seconds in scrapes[AGENT] if run.is_hung(at)]
        print(f"  {client}, while a card hangs {_spread(hung)}")
    print(f"  scrapes that failed: {run.failed_scrapes}; scrapes in which a source's own word stood:")
    shown = [(_NICKNAMES.get(uuid, f"GPU {number}"), run.seen.get(uuid, 0)) for number, uuid in enumerate(UUIDS)]
    shown.append(("neuron-monitor", run.seen.get("neuron", 0)))
    print("    " + ", ".join(f"{name} {count}" for name, count in shown))


def _show_ratios(run: Run) -> None:
    last = run.looks[-1]
    ours, own_fake = _cpu(run, lambda look: look.cpu_seconds), _cpu(run, lambda look: look.fake_cpu_seconds)
    peer, peer_fake = (
        _cpu(run, lambda look: look.peer_cpu_seconds),
        _cpu(run, lambda look: look.peer_fake_cpu_seconds),
    )
    by_client = [median(seconds for _, seconds in run.by_client[job]) for job in (AGENT, PEER)]
    by_prometheus = [median(seconds for _, seconds in run.by_prometheus[job]) for job in (AGENT, PEER)]
    print("  ratios to the peer, which shows fewer series and has no faults")
    for name, mine, its in (
        ("RSS, MiB", last.rss_mib, last.peer_rss_mib),
        ("RSS without the library", last.rss_mib - run.fake_mib, last.peer_rss_mib - run.fake_mib),
        ("CPU, % of a core", 100 * ours, 100 * peer),
        ("CPU without the library", 100 * (ours - own_fake), 100 * (peer - peer_fake)),
        ("scrape, own client, ms", by_client[0] * 1e3, by_client[1] * 1e3),
        ("scrape, Prometheus, ms", by_prometheus[0] * 1e3, by_prometheus[1] * 1e3),
        ("series", last.series, last.peer_series),
    ):
        print(f"    {name:24} {mine / its:6.3f}   {mine:8.2f} : {its:8.2f}")


def _rss(look: Look) -> float:
    return look.rss_mib


def _peer_rss(look: Look) -> float:
    return look.peer_rss_mib


def _slope(run: Run, figure: _Figure) -> float:
    """Per hour over the last half, by least squares."""
    looks = _after(run.looks, 0.5)
    return float(np.polyfit([look.seconds / 3600 for look in looks], [figure(look) for look in looks], 1)[0])


def _cpu(run: Run, figure: _Figure) -> float:
    """CPU seconds per second, the start left out."""
    looks = _after(run.looks, 0.1)
    return (figure(looks[-1]) - figure(looks[0])) / (looks[-1].seconds - looks[0].seconds)


def _after(looks: Sequence[Look], share: float) -> list[Look]:
    """The looks after this share of the run."""
    return [look for look in looks if look.seconds >= looks[-1].seconds * share]


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "none"
    high = quantiles(seconds, n=100, method="inclusive")[98]
    figures = [f"{1e3 * one:7.2f} ms" for one in (median(seconds), high, max(seconds))]
    return f"median {figures[0]}, p99 {figures[1]}, most {figures[2]} of {len(seconds)}"
