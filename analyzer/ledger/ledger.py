"""One call from a store to the ledger of a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from analyzer.ledger.activity import device_evidence
from analyzer.ledger.claims import claims, label_claims
from analyzer.ledger.counters import births, hidden_work, increments
from analyzer.ledger.devices import (
    Device,
    Unit,
    physical_devices,
    place_series,
    seen_devices,
    units_of,
)
from analyzer.ledger.disaggregated import count_once
from analyzer.ledger.evidence import engine_evidence, map_engines
from analyzer.ledger.faults import fault_signals
from analyzer.ledger.fleet import Prices, accelerator_nodes
from analyzer.ledger.goodness import good_shares
from analyzer.ledger.holds import match_holds
from analyzer.ledger.indices import steady
from analyzer.ledger.inputs import Inputs, Progress, has, read_inputs, table_of
from analyzer.ledger.invariants import check_cover, check_sum
from analyzer.ledger.joins import Join, engine_to_pod, pod_to_node
from analyzer.ledger.leftovers import split_free
from analyzer.ledger.node_signals import node_signals
from analyzer.ledger.nodes import Node, advertised
from analyzer.ledger.options import Options
from analyzer.ledger.pod_signals import pod_signals
from analyzer.ledger.pods import Pods, read_pods
from analyzer.ledger.priced import currency_of, prices_of
from analyzer.ledger.reserved import Unlaunched, told_time, unlaunched, unlaunched_rows
from analyzer.ledger.rows import ledger_rows
from analyzer.ledger.timeline import segments
from analyzer.pricing.book import Fee, PriceBook, Reservation
from analyzer.pricing.price import Price
from analyzer.stores.frame import Store
from analyzer.window import Window
from exporters.metric import Metric

_TOKENS = ("prompt", "prompt_cached", "generation")
_ENGINE_TABLES = (
    *_TOKENS,
    "running",
    "queued",
    "finished",
    "transferred",
    "flops",
    "bytes",
    "process_started",
    "kv_used",
    "preemptions",
    "settings",
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The rows, and what they were made from. `inputs.db` keeps the tables for figures that look closer."""

    window: Window
    options: Options
    rows: pa.Table
    inputs: Inputs
    nodes: list[Node]
    cpu_nodes: list[Node]
    devices: list[Device]
    units: list[Unit]
    pods: Pods
    joins: list[Join]  # how well devices, pages and pods found what they belong to
    reservations: tuple[Reservation, ...]
    unlaunched: list[Unlaunched]  # what of the reservations nobody used
    fees: tuple[Fee, ...]
    prices: frozenset[Price]  # all that its dollars rest on
    price_remarks: list[str]  # what the price book says of them
    currency: str  # of all dollars in it


def compute_ledger(
    store: Store,
    window: Window,
    prices: Prices,
    options: Options | None = None,
    progress: Progress = lambda _: None,
    also: Mapping[str, Metric] | None = None,
) -> Ledger:
    """Reads the window and its margins, puts every accelerator-second into one state, prices it, checks itself.

    `also` are further tables that somebody who looks closer wants beside the ledger's own.
    """
    options = options or Options()
    book = prices if isinstance(prices, PriceBook) else None  # a plain table knows no reservations and no fees
    if book:
        options = replace(options, price_basis=book.basis)
    reservations = book.reservations if book else ()
    inputs = read_inputs(store, window, options.slo, progress, also)
    progress("fleet")
    places, device_to_node = place_series(inputs)
    seen = steady(seen_devices(inputs, places))
    nodes, cpu_nodes = accelerator_nodes(inputs, places, seen, prices, reservations, options)
    resources = advertised(inputs)
    devices = physical_devices(nodes, seen, resources)
    units = units_of(nodes, devices, seen, resources)
    pods = read_pods(inputs)
    asked = claims(inputs, pods)
    asked += label_claims(inputs, pods, places, {claim.pod for claim in asked})
    holding = match_holds(inputs, nodes, devices, units, pods, asked)
    progress("signals")
    table_of(
        inputs.db,
        "device",
        {
            "device": pa.array([device.number for device in devices], pa.int32()),
            "node": pa.array([device.node for device in devices], pa.int32()),
            "first_seen": pa.array([device.first for device in devices], pa.int64()),
        },
    )
    node_signals(inputs, nodes)
    pod_signals(inputs, pods, asked)
    buckets = tuple(
        f"{name}_{part}"
        for name in ("ttft", "tpot", "itl", "e2e", "queue", "prefill", "decode", "length")
        for part in ("bucket", "sum", "count")
        if has(inputs, f"{name}_{part}")
    )
    map_engines(inputs, pods, (*_ENGINE_TABLES, *buckets))
    engine_evidence(inputs)
    device_evidence(inputs, nodes, devices, seen, holding.counted, options.idle_line)
    offered = {place: found.get("nvidia_com_gpu", 0) for place, found in advertised(inputs, "node_allocatable").items()}
    fault_signals(inputs, nodes, devices, offered)
    progress("timeline")
    segments(inputs, devices, units, holding.holds)
    split_free(inputs, nodes, pods, asked)
    check_cover(inputs)
    progress("tokens")
    births(inputs, pods)
    for table in _TOKENS:
        increments(inputs, table)
        hidden_work(inputs, table)
    count_once(inputs, pods)
    good_shares(inputs, options.slo)
    # What a cell without any finished request says: nothing against it, and with an SLO nothing for it either.
    inputs.db.execute(f"CREATE OR REPLACE TABLE no_news AS SELECT {0 if options.slo.chosen else 1} AS low, 1 AS high")
    told = told_time(inputs, nodes)
    idle = unlaunched(reservations, nodes, devices, told) if told else []
    unlaunched_rows(inputs, idle)
    rows = ledger_rows(inputs, nodes, devices, units, pods, options)
    check_sum(inputs, rows, nodes, idle, told or window)
    joins = [device_to_node, holding.join, engine_to_pod(inputs, pods), pod_to_node(asked, nodes, window)]
    paid = frozenset(prices_of(nodes) | {one.price for one in idle if one.price})
    return Ledger(
        window,
        options,
        rows,
        inputs,
        nodes,
        cpu_nodes,
        devices,
        units,
        pods,
        joins,
        reservations,
        idle,
        book.fees if book else (),
        paid,
        book.warnings if book else [],
        currency_of({*paid, *(price for fee in (book.fees if book else ()) for price in fee.path.prices())}),
    )
