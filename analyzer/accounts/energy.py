"""Energy by model: what the devices drew while its pods held them, idle time included."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.ledger.ledger import Ledger
from analyzer.report.served import MODEL_SHARES


@dataclass(frozen=True, slots=True)
class Energy:
    """`coverage` is the share of the held time over which an energy counter told (0 to 1)."""

    joules: float
    coverage: float


def energy_by_model(ledger: Ledger) -> dict[tuple[str, str], Energy]:
    """By (namespace, model); models whose devices have no energy counter are missing."""
    rows = ledger.inputs.db.execute(
        f"""
        WITH told AS (
            SELECT x.series, x.t, x.value, lag(x.t) OVER w AS since, lag(x.value) OVER w AS before
            FROM energy AS x WHERE isfinite(x.value) WINDOW w AS (PARTITION BY x.series ORDER BY x.t)
        ),
        drawn AS (
            SELECT d.device, (t.since + t.t) // 2 AS middle, (t.t - t.since) / 1e6 AS seconds,
                CASE WHEN t.value >= t.before THEN t.value - t.before ELSE t.value END AS joules
            FROM told AS t JOIN energy_series AS s USING (series)
            JOIN (SELECT DISTINCT uuid, cluster, device, from_t, to_t FROM device_of) AS d
                ON d.uuid = s.uuid AND d.cluster = s.cluster AND t.t > d.from_t AND t.since < d.to_t
            WHERE t.since IS NOT NULL AND t.t >= {ledger.window.start} AND t.t < {ledger.window.end}
        ),
        placed AS (
            SELECT x.*, u.parts / u.whole AS share, s.pod, s.end_t
            FROM (SELECT w.*, n.unit FROM drawn AS w JOIN unit AS n USING (device)) AS x
            JOIN unit AS u USING (unit) ASOF JOIN segment AS s ON s.unit = x.unit AND x.middle >= s.start_t
        ),
        of_group AS (
            SELECT p.namespace, g.serving_group, sum(x.joules * x.share) AS joules, sum(x.seconds * x.share) AS seconds
            FROM placed AS x JOIN pod AS p USING (pod) JOIN pod_group AS g USING (pod)
            WHERE x.middle < x.end_t GROUP BY ALL
        ),
        held AS (
            SELECT g.serving_group, sum((s.end_t - s.start_t) / 1e6 * u.parts / u.whole) AS seconds
            FROM segment AS s JOIN unit AS u USING (unit) JOIN pod_group AS g USING (pod) GROUP BY ALL
        ),
        {MODEL_SHARES}
        SELECT e.namespace, s.model, sum(e.joules * s.share), sum(e.seconds * s.share) / sum(h.seconds * s.share)
        FROM of_group AS e JOIN shares AS s USING (serving_group) JOIN held AS h USING (serving_group) GROUP BY ALL
        """
    ).fetchall()
    return {(namespace, model): Energy(joules, min(1.0, coverage)) for namespace, model, joules, coverage in rows}
