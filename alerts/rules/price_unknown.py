"""What a node costs is not known, or the price is old: the dollars on boards and in the bill are too small.

What it means: for more than a hundredth of the accelerator time no price was found, or a price is older than a price
may be. A missing price is never counted as 0: its dollars are left out.
What to do: `gpuyield prices` says what is known and why. Let it ask AWS (permission pricing:GetProducts and
ec2:DescribeSpotPriceHistory), or give a rate card with `--prices`. Nodes of your own always need the card.
What it is not: a price that changed; that is a new price from then on.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Owner, Severity
from alerts.asking import DAY, HOUR, NODE, largest, smallest
from exporters.canonical import ledger, prices

_COVERAGE = 'gpuyield_ledger_coverage_ratio{{cluster="prod", signal="{}"}}'
_AGE = 'gpuyield_node_price_age_seconds{cluster="prod", node="gpu-1"}'
_CLUSTER = ("cluster",)

alerts = (
    Alert(
        name="GpuyieldPriceUnknown",
        severity=Severity.TICKET,
        owner=Owner.FINOPS,
        board=Board.ITSELF,
        says="{{ $value | humanizePercentage }} of the accelerator time of {{ $labels.cluster }} has a price",
        why="A hundredth of the bill may go unjudged without a finding; an hour is enough to ask AWS again.",
        by=_CLUSTER,
        limits=("blind_spend_ratio",),
        expr=lambda scope, thresholds: (
            f"{smallest(ledger.coverage_ratio, scope, _CLUSTER, signal='price')}"
            f" < {1 - thresholds.blind_spend_ratio:.6g}"
        ),
        lasts_seconds=lambda _: HOUR,
        needs=(ledger.coverage_ratio,),
        alarm=Alarm(
            stats={"known": Stat(ledger.coverage_ratio, "Minimum", {"signal": "price"})},
            above=lambda thresholds: 1 - thresholds.blind_spend_ratio,
            is_below=True,
            lasts_seconds=lambda _: HOUR,
            lost="",
        ),
        cases=(
            Case("a tenth has none", {_COVERAGE.format("price"): "0.9x120"}, "2h", 1),
            Case("all have one", {_COVERAGE.format("price"): "1x120"}, "2h", 0),
            Case("another signal is blind", {_COVERAGE.format("effective"): "0.2x120"}, "2h", 0),
        ),
    ),
    Alert(
        name="GpuyieldPriceStale",
        severity=Severity.TICKET,
        owner=Owner.FINOPS,
        board=Board.ITSELF,
        says="the price of node {{ $labels.node }} is {{ $value | humanizeDuration }} old",
        why="An older price gives no saving in the report either.",
        by=NODE,
        limits=("price_age_days",),
        expr=lambda scope, thresholds: (
            f"{largest(prices.node_price_age_seconds, scope, NODE)} > {thresholds.price_age_days * DAY:.0f}"
        ),
        lasts_seconds=lambda _: HOUR,
        needs=(prices.node_price_age_seconds,),
        alarm=Alarm(
            stats={"age": Stat(prices.node_price_age_seconds, "Maximum")},
            above=lambda thresholds: thresholds.price_age_days * DAY,
            lasts_seconds=lambda _: HOUR,
            lost="which node",
        ),
        cases=(
            Case("two months", {_AGE: "5184000+60x120"}, "2h", 1),
            Case("two days", {_AGE: "172800+60x120"}, "2h", 0),
        ),
    ),
)
