"""Finds the Prometheus of a Kubernetes cluster and reaches it through the API server: no URL, no port-forward."""
