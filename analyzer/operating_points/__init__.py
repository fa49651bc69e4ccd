"""Operating points of serving: load, throughput, cost and latency side by side, grain by grain."""
