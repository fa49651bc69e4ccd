"""Metrics of `gpuyield publish` itself: what became of the cells, and whether its totals are what the cells say."""

from exporters.metric import Kind, Metric, Unit

cells_total = Metric(
    "publish_cells_total",
    Kind.COUNTER,
    Unit.NONE,
    "Closed cells by what became of them: published, corrected (late data changed one that was published), skipped"
    " (nobody computed them before the catch-up limit, as the store or the publisher was away).",
    ("result",),
)
passes_total = Metric(
    "publish_passes_total",
    Kind.COUNTER,
    Unit.NONE,
    "Passes since the process began, by result: done, failed (the store or the state file did not answer).",
    ("result",),
)
held_back_dollars = Metric(
    "publish_held_back_dollars",
    Kind.STATE,
    Unit.DOLLARS,
    "By how much the totals of dollars are above what the cells add up to: corrections took it away, and a counter may"
    " not fall. It goes to 0 as the cells catch up.",
)
waiting_dollars = Metric(
    "publish_waiting_dollars",
    Kind.STATE,
    Unit.DOLLARS,
    "Dollars of series that are new: shown as 0 until Prometheus has seen them, added with the next pass.",
)
series = Metric("publish_series", Kind.STATE, Unit.NONE, "Series of the ledger that are told.")
