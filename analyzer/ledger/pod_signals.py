"""What is known of pods over time: starting, Ready, failed, or not Ready for a while without a restart."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import pyarrow as pa

from analyzer.ledger.claims import Claim
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.pods import Pods
from analyzer.ledger.steps import AWAY, FOREVER, only_changes, state_steps

READY, STARTING, FAILED, FLAPPING = 1, 2, 3, 4

# Waiting reasons that say: this will not start by itself.
BACK_OFF_REASONS = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
)
# Restart counters and process start times may be seen this much before the pod is seen not Ready.
_SLACK_US = 60_000_000


@dataclass(slots=True)
class _Told:
    """What was seen of one pod: changes of readiness, restarts, back-off, and when it was bound."""

    ready: list[tuple[int, int]] = field(default_factory=list)  # (t, 1, 0 or AWAY)
    restarts: list[int] = field(default_factory=list)
    back_off: list[tuple[int, int]] = field(default_factory=list)
    bound: list[int] = field(default_factory=list)


def pod_signals(inputs: Inputs, pods: Pods, claims: list[Claim]) -> None:
    """Makes pod_status_steps (subject: pod number; v: READY, STARTING, FAILED, FLAPPING or AWAY)."""
    _map_pods(inputs, pods)
    told: dict[int, _Told] = defaultdict(_Told)
    _readiness(inputs)
    for pod, t, v in inputs.db.execute("SELECT * FROM pod_ready_steps ORDER BY subject, t").fetchall():
        told[pod].ready.append((t, v))
    for pod, t in _restarts(inputs):
        told[pod].restarts.append(t)
    _back_off(inputs)
    for pod, t, v in inputs.db.execute("SELECT * FROM pod_back_off_steps ORDER BY subject, t").fetchall():
        told[pod].back_off.append((t, v))
    for claim in claims:
        told[claim.pod].bound.append(claim.start)
    rows = [(pod, t, v) for pod, one in told.items() if one.ready for t, v in _status(one)]
    table_of(
        inputs.db,
        "pod_status_steps",
        {
            "subject": pa.array([row[0] for row in rows], pa.int32()),
            "t": pa.array([row[1] for row in rows], pa.int64()),
            "v": pa.array([row[2] for row in rows], pa.int32()),
        },
    )
    only_changes(inputs.db, "pod_status_steps")


def _status(told: _Told) -> list[tuple[int, int]]:
    """Readiness as steps of status. The time between binding and the first word counts as starting."""
    steps: list[tuple[int, int]] = [(bound, STARTING) for bound in told.bound if bound < told.ready[0][0]]
    has_been_ready = False
    for place, (start, ready) in enumerate(told.ready):
        end = told.ready[place + 1][0] if place + 1 < len(told.ready) else FOREVER
        if ready == AWAY:
            steps.append((start, AWAY))
        elif ready:
            has_been_ready = True
            steps.append((start, READY))
        else:
            again = any(start - _SLACK_US <= at < end for at in (*told.restarts, *told.bound))
            status = STARTING if again or not has_been_ready else FLAPPING
            steps.extend(_with_back_off(start, end, status, told.back_off))
    return steps


def _with_back_off(start: int, end: int, status: int, back_off: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A spell of not being Ready, cut where the container was in back-off."""
    steps = [(start, status)]
    for t, v in back_off:
        if t < end:
            steps.append((max(t, start), FAILED if v == 1 else status))
    last_before = [step for step in steps if step[0] == start]
    return [last_before[-1], *(step for step in steps if step[0] > start)]


def _map_pods(inputs: Inputs, pods: Pods) -> None:
    table_of(
        inputs.db,
        "pod",
        {
            "pod": pa.array([pod.number for pod in pods.pods], pa.int32()),
            "cluster": pa.array([pod.key[0] for pod in pods.pods], pa.string()),
            "namespace": pa.array([pod.key[1] for pod in pods.pods], pa.string()),
            "name": pa.array([pod.key[2] for pod in pods.pods], pa.string()),
            "serving_group": pa.array([pod.group for pod in pods.pods], pa.string()),
        },
    )


def _readiness(inputs: Inputs) -> None:
    """Ready by condition; where nobody tells of the condition, a Running pod counts as Ready."""
    state_steps(
        inputs.db,
        "pod_ready_steps",
        """
        SELECT p.pod AS subject, r.t, CAST(r.value > 0 AS INTEGER) AS v, s.interval_us, isnan(r.value) AS stale
        FROM pod_ready AS r JOIN pod_ready_series AS s USING (series)
        JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
        UNION ALL
        SELECT p.pod, f.t, CAST(s.phase = 'Running' AS INTEGER), s.interval_us, isnan(f.value)
        FROM pod_phase AS f JOIN pod_phase_series AS s USING (series)
        JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
        ANTI JOIN pod_ready_series AS r
            ON r.cluster = s.cluster AND r.namespace = s.namespace AND r.pod = s.pod
        WHERE isnan(f.value) OR isfinite(f.value) AND f.value > 0
        """,
    )


def _restarts(inputs: Inputs) -> list[tuple[int, int]]:
    """(pod, t) of each restart: by the container's counter, and by the start time of an engine's process."""
    rows: list[tuple[int, int]] = inputs.db.execute(
        """
        WITH counted AS (
            SELECT p.pod, r.t, r.value, lag(r.value) OVER (PARTITION BY r.series ORDER BY r.t) AS before
            FROM pod_restarts AS r JOIN pod_restarts_series AS s USING (series)
            JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
            WHERE NOT isnan(r.value)
        )
        SELECT pod, t FROM counted WHERE value > before
        """
    ).fetchall()
    return sorted(rows)


def _back_off(inputs: Inputs) -> None:
    """1 while a container waits in back-off; looked for on each page, since the series vanishes with the reason."""
    reasons = ", ".join(f"'{reason}'" for reason in BACK_OFF_REASONS)
    state_steps(
        inputs.db,
        "pod_back_off_steps",
        f"""
        SELECT p.pod AS subject, w.t, 1 AS v, s.interval_us, false AS stale
        FROM pod_waiting AS w JOIN pod_waiting_series AS s USING (series)
        JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
        WHERE isfinite(w.value) AND w.value > 0 AND s.reason IN ({reasons})
        UNION ALL
        SELECT p.pod, r.t, 0, s.interval_us, false
        FROM pod_ready AS r JOIN pod_ready_series AS s USING (series)
        JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
        WHERE NOT isnan(r.value)
        """,
    )
