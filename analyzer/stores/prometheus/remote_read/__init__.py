"""Prometheus's remote read: raw samples as the compressed chunks the server keeps, decoded here and not there."""

from analyzer.stores.prometheus.remote_read.reader import RemoteRead

__all__ = ["RemoteRead"]
