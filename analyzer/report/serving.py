"""Models: their tokens, their dollars held and loaded, and what a million tokens cost (DESIGN 6.5)."""

from __future__ import annotations

from analyzer.accounts.energy import Energy, energy_by_model
from analyzer.accounts.input_output import request_seconds, splits
from analyzer.ledger.ledger import Ledger
from analyzer.report.bill import price_names
from analyzer.report.model import Dollars, Figure, Latency, Model, PerMillion, PhasePart, SloPart, Tokens
from analyzer.report.served import Served, served

_MILLION = 1e6


def models(ledger: Ledger) -> list[Model]:
    """One entry per namespace and model, the dearest first."""
    ordered = sorted(served(ledger).items(), key=lambda item: (-item[1].held, item[0]))
    energy, phases = energy_by_model(ledger), request_seconds(ledger)
    return [_model(ledger, *key, one, energy.get(key), phases.get(key, (None, None))) for key, one in ordered]


def _model(
    ledger: Ledger,
    namespace: str,
    model: str,
    one: Served,
    energy: Energy | None,
    phases: tuple[float | None, float | None],
) -> Model:
    sources = sorted({one.engine} - {""})
    coverage = 1 - one.unknown_seconds / one.seconds if one.seconds else 0.0

    def tokens(kind: str) -> Figure:
        if kind not in one.tokens:
            return Figure(None, 0.0, sources, reason="the engine does not count it")
        seen_tokens, most = one.tokens[kind]
        if most > seen_tokens:
            return Figure(seen_tokens, 1.0, sources, low=seen_tokens, high=most)
        return Figure(seen_tokens, 1.0, sources)

    no_dollars = None
    if not one.seconds:
        no_dollars = "no accelerator that its pods hold was seen"
    elif not one.is_priced:
        no_dollars = "the price of a node is unknown, or was for a time"
    paid = [*sources, *price_names(ledger)]

    def dollars(value: float) -> Figure:
        return Figure(None, 0.0, sources, reason=no_dollars) if no_dollars else Figure(value, coverage, paid)

    def per_million(count: float | None, value: float = one.held) -> Figure:
        if no_dollars or not count:
            return Figure(None, 0.0, sources, reason=no_dollars or "no such tokens in the window")
        return Figure(value / count * _MILLION, coverage, paid)

    prompt, generation = (one.tokens.get(kind, (None, None))[0] for kind in ("prompt", "generation"))
    cached = one.tokens.get("prompt_cached", (None, None))[0]
    everything = None if prompt is None or generation is None else prompt + generation
    computed = None if everything is None or cached is None else everything - cached
    read = None if computed is None or generation is None else computed - generation
    return Model(
        model=model,
        engine=one.engine,
        namespace=namespace,
        tokens=Tokens(tokens("prompt"), tokens("prompt_cached"), tokens("generation")),
        dollars=Dollars(dollars(one.held), dollars(one.loaded)),
        dollars_per_million=PerMillion(
            all=per_million(everything),
            output=per_million(generation),
            computed=per_million(computed),
            good=_per_million_good(one, no_dollars, coverage, paid),
        ),
        dollars_per_million_loaded_output=per_million(generation, one.loaded),
        dollars_per_million_by_phase=[
            PhasePart(
                split.method,
                per_million(read, one.held * split.input_share),
                per_million(generation, one.held * (1 - split.input_share)),
            )
            for split in splits(*phases, read, generation)
        ],
        tokens_per_second=Figure(None, 0.0, sources, reason="the engine does not count it")
        if generation is None
        else Figure(generation / ledger.window.seconds, 1.0, sources),
        joules_per_token=_joules(energy, generation),
        busy_ratio=_ratio(one.busy),
        effective_ratio=_ratio(one.effective),
        latency=Latency(*(_mean(one.latency.get(name), sources) for name in ("ttft", "e2e", "queue"))),
        slo=SloPart(str(ledger.options.slo) or "none chosen", _good_share(one, generation, sources)),
    )


def _per_million_good(one: Served, no_dollars: str | None, coverage: float, sources: list[str]) -> Figure:
    low, high = one.good
    if no_dollars or not high:
        return Figure(None, 0.0, sources, reason=no_dollars or "no good tokens in the window")
    best = one.held / high * _MILLION
    if low == high:
        return Figure(best, coverage, sources)
    worst = one.held / low * _MILLION if low else None
    reason = None if low else "no upper bound: none of the tokens is proven good"
    return Figure(None if worst is None else (best + worst) / 2, coverage, sources, best, worst, reason)


def _good_share(one: Served, generation: float | None, sources: list[str]) -> Figure:
    if not generation:
        return Figure(None, 0.0, sources, reason="no generated tokens in the window")
    low, high = one.good[0] / generation, one.good[1] / generation
    if high - low < 1e-12:
        return Figure(low, 1.0, sources)
    return Figure((low + high) / 2, 1.0, sources, low=low, high=high)


def _joules(energy: Energy | None, generation: float | None) -> Figure:
    if energy is None or not generation:
        reason = "no energy counter of its devices was seen" if energy is None else "no generated tokens in the window"
        return Figure(None, 0.0, [], reason=reason)
    return Figure(energy.joules / generation, energy.coverage, ["device exporter"])


def _ratio(value: float | None) -> Figure:
    if value is None:
        return Figure(None, 0.0, [], reason="no device signal for its pods while they worked")
    return Figure(value, 1.0, ["device exporter"])


def _mean(value: float | None, sources: list[str]) -> Figure:
    if value is None:
        return Figure(None, 0.0, sources, reason="the engine records no such latency in the window")
    return Figure(value, 1.0, sources)
