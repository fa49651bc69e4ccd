"""Metrics of the ledger as `gpuyield publish` tells it: totals of closed cells, by who bought and who used.

Never by pod or device: a year of pods would be a year of series.
"""

from exporters.metric import Kind, Metric, Unit

_USER = ("cluster", "namespace", "team", "workload", "model")
_BOUGHT = ("instance_type", "capacity_type", "nodepool")

accelerator_seconds_total = Metric(
    "ledger_accelerator_seconds_total",
    Kind.COUNTER,
    Unit.SECONDS,
    "Paid accelerator-seconds by the state that each was in. Free and node states have no namespace.",
    (*_USER, *_BOUGHT, "state"),
)
dollars_total = Metric(
    "ledger_dollars_total",
    Kind.COUNTER,
    Unit.DOLLARS,
    "What the accelerator-seconds cost, by state; their sum is the bill. No series where a price is unknown.",
    (*_USER, *_BOUGHT, "state", "price_basis"),
)
loaded_dollars_total = Metric(
    "ledger_loaded_dollars_total",
    Kind.COUNTER,
    Unit.DOLLARS,
    "What a user's devices cost with their share of free and node states, spread by held seconds within an instance"
    " type.",
    (*_USER, "price_basis"),
)
tokens_total = Metric(
    "ledger_tokens_total",
    Kind.COUNTER,
    Unit.TOKENS,
    "Tokens that the serving groups' engines counted, by kind: prompt, prompt_cached, generation. Not extrapolated.",
    (*_USER, "kind"),
)
good_tokens_total = Metric(
    "ledger_good_tokens_total",
    Kind.COUNTER,
    Unit.TOKENS,
    "Generated tokens of requests inside the SLO: bound low is what is proven, high what is possible.",
    (*_USER, "bound"),
)
coverage_ratio = Metric(
    "ledger_coverage_ratio",
    Kind.STATE,
    Unit.RATIO,
    "Share of the newest cell's accelerator-seconds for which something is known: price, state, effective (of active"
    " ones).",
    ("cluster", "signal"),
)
finding_dollars_per_hour = Metric(
    "finding_dollars_per_hour",
    Kind.STATE,
    Unit.DOLLARS,
    "What the open findings of a rule cost in an hour: kind attributed is what is wasted, realisable what a change can"
    " save.",
    ("cluster", "namespace", "rule", "kind"),
)
closed_cell_seconds = Metric(
    "ledger_closed_cell_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "The end of the newest cell that is in the totals, unix time.",
    ("cluster",),
)
