"""The CloudWatch dashboard, over the metrics that our CloudWatch sink writes."""
