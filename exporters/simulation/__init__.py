"""A fleet that never was, known to the second: scripted from a seed, it answers in the words of the real exporters.

machines.py is what AWS charges for, models.py what is served, story.py the nouns (nodes, pods, lives), casting.py makes
them, week.py is the script of the demo week, traffic.py when each server works, truth.py the states that follow.
cards.py (DCGM), servers.py (vLLM), cluster.py (kube-state-metrics) and karpenter.py write the pages, the last two as
lines that stand for a while (standing.py); target.py scrapes them, and fleet.py puts all together.
"""
