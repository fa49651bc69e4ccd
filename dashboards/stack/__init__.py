"""Everything at once on one machine: a live simulated fleet, Prometheus, Alertmanager, `publish`. `make stack` runs it.

Here, and not beside the tests, because the container image needs it too: `compose.yaml` starts the same programs.
"""
