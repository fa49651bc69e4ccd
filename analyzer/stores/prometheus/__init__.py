"""Reads any Prometheus-compatible server: raw samples, never rates, over the protocol that hurts the server least."""
