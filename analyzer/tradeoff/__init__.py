"""What each point of a throughput curve costs and whether it keeps an objective: throughput, latency, dollars."""
