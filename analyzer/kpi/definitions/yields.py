"""What a dollar buys and what tokens cost: tokens meet dollars by serving group, in the published ledger."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.kpi.kpi import Kpi, KpiUnit, Seen, Subject
from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from analyzer.report.model import Figure, Model
from exporters.canonical import ledger
from exporters.metric import Metric

_MILLION = 1_000_000
_MODEL = ("namespace", "model")
_SERVING = (("model", ".+"),)  # dollars of pods that serve nothing buy no tokens
_Promql = Callable[[Scope, tuple[str, ...]], str]


def _rate(metric: Metric, scope: Scope, by: tuple[str, ...], *where: tuple[str, str]) -> str:
    return total(Read(metric, "rate", where=where), scope, by)


def _tokens(scope: Scope, by: tuple[str, ...], kinds: str) -> str:
    return _rate(ledger.tokens_total, scope, by, ("kind", kinds))


def _computed(scope: Scope, by: tuple[str, ...]) -> str:
    return f"({_tokens(scope, by, 'prompt|generation')} - {_tokens(scope, by, 'prompt_cached')})"


def _all(scope: Scope, by: tuple[str, ...]) -> str:
    return _tokens(scope, by, "prompt|generation")


def _output(scope: Scope, by: tuple[str, ...]) -> str:
    return _tokens(scope, by, "generation")


def _good(bound: str) -> _Promql:
    return lambda scope, by: _rate(ledger.good_tokens_total, scope, by, ("bound", bound))


def _per_million(dollars: Metric, tokens: _Promql) -> _Promql:
    def promql(scope: Scope, by: tuple[str, ...]) -> str:
        spent = total(Read(dollars, "rate", where=_SERVING), scope, by)
        return f"{_MILLION} * {spent} / ({tokens(scope, by)} > 0)"

    return promql


def _per_dollar(tokens: _Promql) -> _Promql:
    return lambda scope, by: f"{tokens(scope, by)} / ({_rate(ledger.dollars_total, scope, by)} > 0)"


def _of_models(pick: Callable[[Model], Figure]) -> Callable[[Seen], dict[Subject, Figure]]:
    return lambda seen: {(one.namespace, one.model): pick(one) for one in seen.report.models}


def _cost(
    name: str, title: str, meaning: str, dollars: Metric, tokens: _Promql, pick: Callable[[Model], Figure]
) -> Kpi:
    return Kpi(
        name,
        title,
        KpiUnit.DOLLARS_PER_MILLION,
        meaning,
        "Falls as batches fill; jumps at night mean that replicas stay while the traffic goes.",
        (dollars, ledger.tokens_total),
        _MODEL,
        _per_million(dollars, tokens),
        _of_models(pick),
    )


def _good_low(one: Model) -> Figure:
    figure = one.dollars_per_million.good
    return Figure(figure.value if figure.low is None else figure.low, figure.coverage, figure.sources)


figures = (
    _cost(
        "dollars_per_million_output_tokens",
        "$ per million output tokens, held",
        "Dollars of the devices that a model's pods hold, whatever they do, per million generated tokens.",
        ledger.dollars_total,
        _output,
        lambda one: one.dollars_per_million.output,
    ),
    _cost(
        "dollars_per_million_tokens",
        "$ per million tokens, held",
        "The same per million prompt and generated tokens, cached ones included.",
        ledger.dollars_total,
        _all,
        lambda one: one.dollars_per_million.all,
    ),
    _cost(
        "dollars_per_million_computed_tokens",
        "$ per million computed tokens, held",
        "The same without the prompt tokens that a cache answered.",
        ledger.dollars_total,
        _computed,
        lambda one: one.dollars_per_million.computed,
    ),
    _cost(
        "dollars_per_million_good_tokens",
        "$ per million good tokens, at best",
        "Held dollars per million generated tokens that may have been inside the SLO: the lower bound.",
        ledger.dollars_total,
        _good("high"),
        _good_low,
    ),
    _cost(
        "loaded_dollars_per_million_output_tokens",
        "$ per million output tokens, loaded",
        "Held dollars with the model's share of free and node states, per million generated tokens.",
        ledger.loaded_dollars_total,
        _output,
        lambda one: one.dollars_per_million_loaded_output,
    ),
    Kpi(
        "tokens_per_dollar",
        "Tokens per dollar",
        KpiUnit.TOKENS_PER_DOLLAR,
        "Generated tokens of all models per dollar of the whole bill.",
        "Rises; compare the same hour of another week.",
        (ledger.tokens_total, ledger.dollars_total),
        (),
        _per_dollar(_output),
        lambda seen: {(): seen.report.kpis.tokens_per_dollar},
    ),
    Kpi(
        "good_tokens_per_dollar",
        "Good tokens per dollar, proven",
        KpiUnit.TOKENS_PER_DOLLAR,
        "Generated tokens that are proven inside the SLO, per dollar of the whole bill: the yield.",
        "Rises, and stays close to tokens per dollar.",
        (ledger.good_tokens_total, ledger.dollars_total),
        (),
        _per_dollar(_good("low")),
        lambda seen: {(): _low(seen.report.kpis.good_tokens_per_dollar)},
    ),
    Kpi(
        "tokens_per_accelerator_second",
        "Tokens per accelerator-second",
        KpiUnit.TOKENS_PER_SECOND,
        "Generated tokens of all models per paid second of an accelerator.",
        "Rises; it does not hang on prices, so it compares clusters.",
        (ledger.tokens_total, ledger.accelerator_seconds_total),
        (),
        lambda scope, by: f"{_output(scope, by)} / ({_rate(ledger.accelerator_seconds_total, scope, by)} > 0)",
        lambda seen: {(): seen.report.kpis.tokens_per_accelerator_second},
    ),
    Kpi(
        "good_share_low_ratio",
        "SLO attainment, proven",
        KpiUnit.RATIO,
        "Share of generated tokens that are proven inside the SLO.",
        "Above the attainment that was promised.",
        (ledger.good_tokens_total, ledger.tokens_total),
        _MODEL,
        lambda scope, by: f"{_good('low')(scope, by)} / ({_output(scope, by)} > 0)",
        _of_models(lambda one: _low(one.slo.good_share)),
    ),
    Kpi(
        "good_share_high_ratio",
        "SLO attainment, possible",
        KpiUnit.RATIO,
        "Share of generated tokens that may have been inside the SLO.",
        "Close to what is proven: then the bucket bounds fit the SLO.",
        (ledger.good_tokens_total, ledger.tokens_total),
        _MODEL,
        lambda scope, by: f"{_good('high')(scope, by)} / ({_output(scope, by)} > 0)",
        _of_models(lambda one: _high(one.slo.good_share)),
    ),
)


def _low(figure: Figure) -> Figure:
    return Figure(figure.value if figure.low is None else figure.low, figure.coverage, figure.sources)


def _high(figure: Figure) -> Figure:
    return Figure(figure.value if figure.high is None else figure.high, figure.coverage, figure.sources)
