"""What people look at: Grafana boards and a CloudWatch dashboard, made of the key figures in `analyzer/kpi`."""
