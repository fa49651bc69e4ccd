"""When somebody told of the pods of a cluster: else silence would pass for their absence."""

from __future__ import annotations

# Karpenter, which names neither uid nor address, does not count: it says where pods run, not what they hold. Who lists
# pods and goes on listing nodes while no pod is left (a cluster scaled to zero) is not silent: it tells of no pod.
PODS_TOLD = """
    WITH listed AS (SELECT * FROM pod_info_series WHERE uid <> '' OR pod_ip <> '')
    SELECT s.cluster, p.t, s.interval_us FROM pod_info AS p JOIN listed AS s USING (series) WHERE NOT isnan(p.value)
    UNION ALL
    SELECT s.cluster, n.t, s.interval_us FROM node_info AS n JOIN node_info_series AS s USING (series)
    SEMI JOIN listed AS l ON l.cluster = s.cluster AND l.producer = s.producer
    WHERE NOT isnan(n.value)
"""
