"""The alerts in the words of Prometheus, of Alertmanager and of CloudWatch."""
