"""Metrics of Elastic Fabric Adapters. The driver decides which counters exist: those it documents have a help text."""

import re
from types import MappingProxyType

from exporters.metric import Kind, Metric, Unit

_DOCUMENTED = {
    "tx_bytes": "Bytes sent.",
    "tx_pkts": "Packets sent.",
    "rx_bytes": "Bytes received.",
    "rx_pkts": "Packets received.",
    "rx_drops": "Packets dropped on arrival since no receive buffer was posted.",
    "send_bytes": "Bytes of send work requests.",
    "send_wrs": "Send work requests.",
    "recv_bytes": "Bytes of receive work requests.",
    "recv_wrs": "Receive work requests.",
    "rdma_read_wrs": "RDMA read work requests.",
    "rdma_read_bytes": "Bytes read from peers by RDMA.",
    "rdma_read_wr_err": "RDMA read work requests that failed.",
    "rdma_read_resp_bytes": "Bytes that peers read from here by RDMA.",
    "rdma_write_wrs": "RDMA write work requests.",
    "rdma_write_bytes": "Bytes written to peers by RDMA.",
    "rdma_write_wr_err": "RDMA write work requests that failed.",
    "rdma_write_recv_bytes": "Bytes that peers wrote here by RDMA.",
    "retrans_bytes": "Bytes sent again by the reliable datagram protocol.",
    "retrans_pkts": "Packets sent again by the reliable datagram protocol.",
    "retrans_timeout_events": "Times a packet was sent again after a time-out.",
    "unresponsive_remote_events": "Times a peer did not answer.",
    "impaired_remote_conn_events": "Times the way to a peer was impaired.",
    "submitted_cmds": "Commands handed to the device.",
    "completed_cmds": "Commands that the device completed.",
    "cmds_err": "Commands that the device refused.",
    "no_completion_cmds": "Commands that the device never completed.",
    "keep_alive_rcvd": "Keep-alive events from the device.",
    "alloc_pd_err": "Protection domains that could not be allocated.",
    "create_qp_err": "Queue pairs that could not be created.",
    "create_cq_err": "Completion queues that could not be created.",
    "reg_mr_err": "Memory regions that could not be registered.",
    "alloc_ucontext_err": "User contexts that could not be allocated.",
    "create_ah_err": "Address handles that could not be created.",
    "mmap_err": "Device memory that could not be mapped.",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)

efa_info = Metric("efa_info", Kind.INFO, Unit.NONE, "An Elastic Fabric Adapter and its node.", ("device", "node"))


def metric_of(counter: str) -> Metric | None:
    """The metric of a counter file; None for a name that no metric can have."""
    if not _NAME.fullmatch(counter):
        return None
    return KNOWN.get(counter) or _made(counter, f"Counter {counter} of the EFA driver.")


def _made(counter: str, text: str) -> Metric:
    unit = Unit.BYTES if counter.endswith("_bytes") else Unit.NONE
    return Metric(f"efa_{counter}_total", Kind.COUNTER, unit, text, ("device", "port"))


KNOWN = MappingProxyType({counter: _made(counter, text) for counter, text in _DOCUMENTED.items()})
