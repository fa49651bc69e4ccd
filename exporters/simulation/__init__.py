"""A fleet that never was, known to the second: scripted from a seed, it answers in the words of the real exporters.

machines.py is what AWS charges for, models.py what is served, story.py the nouns (nodes, pods, lives), casting.py makes
them, week.py is the script of the demo week, traffic.py when each server works, truth.py the states that follow.
cards.py (DCGM), servers.py (vLLM), cluster.py (kube-state-metrics) and karpenter.py write the pages, the last two as
lines that stand for a while (standing.py); target.py scrapes them, and fleet.py puts all together.

Our own agent can stand in the place of DCGM's exporter: hardware.py tells a node's cards to the simulated NVML (nvml/),
placement.py tells its pods to the kubelet (kubelet.py), node_agent.py reads them at simulated times. At real speed,
live.py runs real agents (live_node.py, sysfs.py, neuron_monitor.py) and serves the other pages (page_server.py).
kube_api/ answers as the Kubernetes API server, aws_answers.py as AWS.
"""
