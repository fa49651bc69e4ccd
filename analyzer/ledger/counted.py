"""Activity shared by count: which devices of a node are held is not known, but how many are (DESIGN 6.3)."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.holds import CountedSpan
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.steps import only_changes


def share_by_count(inputs: Inputs, counted: list[CountedSpan], idle_line: float) -> None:
    """Where only the number of held devices of a node is known, each of them gets the same part of the node's
    activity; a device that did not answer is not counted among them. Makes counted_steps (subject: node; v: devices
    held by count) and spare_steps (subject: device; v: 1 while it works and more devices work than are held)."""
    _counted_steps(inputs, counted)
    _counted_pages(inputs, idle_line)
    _spare_steps(inputs, idle_line)
    _share(inputs)


def _counted_steps(inputs: Inputs, counted: list[CountedSpan]) -> None:
    table_of(
        inputs.db,
        "counted_steps",
        {
            "subject": pa.array([span.node for span in counted], pa.int32()),
            "t": pa.array([span.start for span in counted], pa.int64()),
            "v": pa.array([span.held for span in counted], pa.int32()),
        },
    )


def _counted_pages(inputs: Inputs, idle_line: float) -> None:
    """counted_page: the activity of all devices of such a node at one time, and how many were held then."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counted_page AS
        WITH page AS (
            SELECT d.node, a.t, min(a.since) AS since, max(a.interval_us) AS interval_us,
                sum(a.effective) AS effective, count(a.effective) AS effective_told,
                sum(a.busy) AS busy, count(a.busy) AS busy_told,
                count(*) FILTER (coalesce(a.effective, a.busy) > {idle_line!r}) AS working
            FROM activity AS a JOIN device AS d USING (device)
            WHERE d.node IN (SELECT subject FROM counted_steps) GROUP BY d.node, a.t
        ),
        inside AS (
            SELECT p.*, (p.since + p.t) // 2 AS middle, coalesce(c.v, 0) AS held_before
            FROM page AS p ASOF LEFT JOIN counted_steps AS c ON c.subject = p.node AND p.since >= c.t
        )
        SELECT i.*, coalesce(c.v, 0) AS held
        FROM inside AS i ASOF LEFT JOIN counted_steps AS c ON c.subject = i.node AND i.middle >= c.t
        """
    )


def _spare_steps(inputs: Inputs, idle_line: float) -> None:
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE spare_steps AS
        WITH spare AS (
            SELECT a.device, a.since, a.t,
                coalesce(a.effective, a.busy) > {idle_line!r}
                    AND p.working > greatest(p.held_before, p.held) AS is_spare
            FROM activity AS a JOIN device AS d USING (device) JOIN counted_page AS p ON p.node = d.node AND p.t = a.t
        )
        SELECT device AS subject, since AS t, CAST(coalesce(is_spare, false) AS INTEGER) AS v FROM spare
        UNION ALL SELECT device, t, 0 FROM spare
        """
    )
    only_changes(inputs.db, "spare_steps")


def _share(inputs: Inputs) -> None:
    """Puts each device's part of its node's activity in place of its own."""
    inputs.db.execute(
        """
        DELETE FROM activity USING device AS d, counted_page AS p
        WHERE d.device = activity.device AND p.node = d.node AND p.t = activity.t AND p.held > 0;
        INSERT INTO activity BY NAME
        SELECT d.device, '' AS mig, p.t, p.interval_us, p.since,
            least(1, p.effective / least(p.held, p.effective_told)) AS effective,
            least(1, p.busy / least(p.held, p.busy_told)) AS busy
        FROM counted_page AS p JOIN device AS d USING (node) WHERE p.held > 0
        """
    )
