"""Reads what the ledger needs from a store into DuckDB, each canonical metric as one table.

For a metric table `x`: samples stand in `x` (series, t, value), its series in `x_series` (series, cluster, labels,
upstream, producer, interval_us). t is unix microseconds. NaN is kept: it ends a series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.slo import Slo
from analyzer.stores.frame import Frame, Question, Store
from analyzer.window import Window
from exporters.canonical import device, nodes, pods, serving
from exporters.metric import Metric

# Margins read around the window. What lasts longer than the state margin (a node that has been starting for more
# than a day, a fault older than that) is judged by its first sample inside it.
STATE_MARGIN_SECONDS = 86_400.0
SAMPLE_MARGIN_SECONDS = 3_600.0
AFTER_SECONDS = 900.0

_STATES: dict[str, Metric] = {
    "accelerator": device.accelerator_info,
    "allocation": device.allocation,
    "last_fault": device.last_fault_code,
    "device_healthy": device.healthy,
    "device_up": device.accelerator_up,
    "node_info": nodes.node_info,
    "node_shape": nodes.node_shape_info,
    "node_created": nodes.created_seconds,
    "node_claim": nodes.claim_info,
    "node_launched": nodes.launched_seconds,
    "node_gone": nodes.gone_seconds,
    "node_ready": nodes.ready,
    "node_unschedulable": nodes.unschedulable,
    "node_taint": nodes.taint,
    "node_allocatable": nodes.allocatable,
    "node_capacity": nodes.capacity,
    "pod_info": pods.pod_info,
    "pod_phase": pods.phase,
    "pod_ready": pods.ready,
    "pod_created": pods.created_seconds,
    "pod_scheduled": pods.scheduled_seconds,
    "pod_requested": pods.requested,
    "pod_owner": pods.owner_info,
    "replicaset_owner": pods.replicaset_owner_info,
    "pod_labels": pods.labels_info,
    "pod_restarts": pods.restarts_total,
    "pod_waiting": pods.waiting,
    "process_started": serving.process_started_seconds,
}
_SAMPLES: dict[str, Metric] = {
    "busy": device.busy_ratio,
    "compute": device.compute_active_ratio,
    "memory": device.memory_active_ratio,
    "energy": device.energy_joules_total,
    "target_up": serving.target_up,
    "node_age": nodes.age_seconds,
    "machine": nodes.machine_info,
    "running": serving.requests_running,
    "queued": serving.requests_waiting,
    "prompt": serving.prompt_tokens_total,
    "prompt_cached": serving.prompt_tokens_cached_total,
    "transferred": serving.prompt_tokens_transferred_total,
    "generation": serving.generation_tokens_total,
    "finished": serving.requests_finished_total,
    "flops": serving.estimated_flops_total,
    "bytes": serving.estimated_bytes_total,
    "kv_used": serving.kv_cache_used_ratio,
    "preemptions": serving.preemptions_total,
    "settings": serving.engine_settings_info,
    "node_steps": nodes.start_seconds,
    "pod_steps": pods.start_seconds,
}
_LATENCIES: dict[str, Metric] = {
    "ttft": serving.time_to_first_token_seconds,
    "tpot": serving.time_per_output_token_seconds,
    "itl": serving.inter_token_latency_seconds,
    "e2e": serving.request_duration_seconds,
    "queue": serving.queue_seconds,
    "prefill": serving.prefill_seconds,
    "decode": serving.decode_seconds,
}
_LENGTH = "length"  # tokens per finished request, to correct one-token answers

Progress = Callable[[str], None]
PodKey = tuple[str, str, str]  # cluster, namespace, pod


def pod_key(row: dict[str, str]) -> PodKey:
    """The pod that a series names by its labels; its name is empty where none is named."""
    return row["cluster"], row["namespace"], row["pod"]


@dataclass(slots=True)
class Inputs:
    """The tables of one window, and what was found."""

    db: duckdb.DuckDBPyConnection
    window: Window
    answered: dict[str, str] = field(default_factory=dict)  # canonical name -> upstream names that answered
    producers: set[str] = field(default_factory=set)
    table_of: dict[str, str] = field(default_factory=dict)  # canonical name -> table; a histogram's table of counts

    def series(self, table: str) -> list[dict[str, str]]:
        """The series of a table as rows: series, cluster, labels, upstream, producer, interval_us."""
        rows: list[dict[str, str]] = (
            self.db.sql(f"SELECT * FROM {table}_series ORDER BY series").to_arrow_table().to_pylist()
        )
        return rows

    def count(self, table: str) -> int:
        return int(self.db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def read_inputs(
    store: Store,
    window: Window,
    slo: Slo,
    progress: Progress = lambda _: None,
    also: Mapping[str, Metric] | None = None,
) -> Inputs:
    """All frames that the ledger of `window` can need, margins included; `also` are further tables of states."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    inputs = Inputs(db, window)
    far = window.widened(STATE_MARGIN_SECONDS, AFTER_SECONDS)
    near = window.widened(SAMPLE_MARGIN_SECONDS, AFTER_SECONDS)
    questions = _questions(far, near, slo) | {name: Question(metric, near) for name, metric in (also or {}).items()}
    store.expect(list(questions.values()))
    frames: dict[str, tuple[Metric, Frame]] = {}
    for name, question in questions.items():
        progress(question.metric.full_name)
        frames[name] = (question.metric, store.read(question))
    cluster = _only_cluster(frames)
    for name, (metric, frame) in frames.items():
        _load(inputs, name, frame, cluster)
        inputs.table_of.setdefault(metric.full_name, name)
        if frame.series.num_rows:
            inputs.answered[metric.full_name] = ", ".join(sorted(set(frame.series["upstream"].to_pylist())))
            inputs.producers.update(frame.series["producer"].to_pylist())
    return inputs


def _questions(far: Window, near: Window, slo: Slo) -> dict[str, Question]:
    """All that the ledger reads, by the name of the table that it becomes. Buckets only where the SLO needs them."""
    questions = {name: Question(metric, far) for name, metric in _STATES.items()}
    questions |= {name: Question(metric, near) for name, metric in _SAMPLES.items()}
    wanted = {limit.quantity for limit in slo.limits}
    if "tpot" in wanted:  # older engines have only the gap between output events
        wanted.add("itl")
        questions[f"{_LENGTH}_bucket"] = Question(serving.generation_length_tokens, near, "bucket")
    for name, metric in _LATENCIES.items():
        parts = ("count", "sum", "bucket") if name in wanted else ("count", "sum")
        questions |= {f"{name}_{part}": Question(metric, near, part) for part in parts}
    return questions


def own_metrics() -> frozenset[Metric]:
    """All that the ledger itself reads; what else is wanted is `also`."""
    return frozenset((*_STATES.values(), *_SAMPLES.values(), *_LATENCIES.values()))


def has(inputs: Inputs, table: str) -> bool:
    """Whether the table was read and has series (bucket tables are read only where an SLO asks)."""
    known = inputs.db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()[0][0]
    return bool(known) and inputs.count(f"{table}_series") > 0


def _only_cluster(frames: dict[str, tuple[Metric, Frame]]) -> str:
    """The one cluster that series name, so that series without the label belong to it; empty when there are more."""
    named = {value for _, frame in frames.values() for value in pc.unique(frame.series["cluster"]).to_pylist() if value}
    return named.pop() if len(named) == 1 else ""


def _load(inputs: Inputs, name: str, frame: Frame, cluster: str) -> None:
    db = inputs.db
    samples, series = frame.samples, frame.series
    db.register("frame_samples", samples)
    db.register("frame_series", series)
    db.execute(
        f"""
        CREATE TABLE {name} AS SELECT series, epoch_us("at") AS t, value FROM frame_samples ORDER BY series, t;
        CREATE TABLE {name}_series AS
        SELECT * EXCLUDE (cluster, interval_seconds), coalesce(nullif(cluster, ''), {_text(cluster)}) AS cluster,
            CAST(round(interval_seconds * 1e6) AS BIGINT) AS interval_us
        FROM frame_series ORDER BY series
        """
    )
    db.unregister("frame_samples")
    db.unregister("frame_series")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def table_of(db: duckdb.DuckDBPyConnection, name: str, columns: dict[str, pa.Array]) -> None:
    """Makes a table from Arrow columns."""
    db.register("new_table", pa.table(columns))
    db.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM new_table")
    db.unregister("new_table")
