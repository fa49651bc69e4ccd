"""A configuration of Alertmanager, and the template of its messages.

Pages and tickets go to receivers of their own; what belongs together comes in one message. A broken node silences what
is said about its devices, and a page the ticket about the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alerts.alert import Severity

TEMPLATE_FILE = "gpuyield.tmpl"
_NODE_DOWN = "GpuyieldNodeUnhealthy"
# wait for others of the group, before news of the same group, before saying it again
_TIMES = {Severity.PAGE: ("30s", "5m", "4h"), Severity.TICKET: ("5m", "30m", "24h")}

TEMPLATE = """{{ define "gpuyield.title" -}}
{{ if eq .Status "resolved" }}Ended: {{ else }}{{ .CommonLabels.severity | toUpper }}: {{ end -}}
{{ .GroupLabels.alertname }}{{ with .GroupLabels.namespace }} in {{ . }}{{ end -}}
{{ if gt (len .Alerts) 1 }} ({{ len .Alerts }}){{ end }}
{{- end }}

{{ define "gpuyield.text" -}}
{{ range .Alerts -}}
{{ .Annotations.summary }}
{{ with .Annotations.dollars }}Costs: {{ . }}
{{ end -}}
Owner: {{ .Labels.owner }}. Why now: {{ .Annotations.why }}
Runbook: {{ .Annotations.runbook_url }}
Board: {{ .Annotations.dashboard_url }}

{{ end }}
{{- end }}
"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """To where: Slack, by a file that holds the URL of its incoming webhook, and a webhook of one's own. The file keeps
    the secret out of the configuration."""

    slack_url_file: str = ""
    channel: str = "#gpuyield"
    webhook: str = ""


def configuration(delivery: Delivery, cluster: str = "cluster") -> Json:
    """Content of alertmanager.yml. `cluster` is the label that tells clusters apart."""
    return {
        "route": {
            "receiver": _receiver(Severity.TICKET),
            "group_by": ["alertname", cluster, "namespace"],
            **_times(Severity.TICKET),
            "routes": [
                {
                    "receiver": _receiver(Severity.PAGE),
                    "matchers": [f'severity="{Severity.PAGE}"'],
                    **_times(Severity.PAGE),
                }
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": [f'alertname="{_NODE_DOWN}"'],
                "target_matchers": ['about="device"'],
                "equal": [cluster, "node"],
            },
            {
                "source_matchers": [f'severity="{Severity.PAGE}"'],
                "target_matchers": [f'severity="{Severity.TICKET}"', 'topic=~".+"'],
                "equal": ["topic", cluster, "namespace", "model"],
            },
        ],
        "receivers": [_channels(severity, delivery) for severity in Severity],
        "templates": [TEMPLATE_FILE],
    }


def _times(severity: Severity) -> dict[str, str]:
    return dict(zip(("group_wait", "group_interval", "repeat_interval"), _TIMES[severity], strict=True))


def _receiver(severity: Severity) -> str:
    return f"gpuyield-{severity}"


def _channels(severity: Severity, delivery: Delivery) -> Json:
    found: Json = {"name": _receiver(severity)}
    if delivery.slack_url_file:
        found["slack_configs"] = [
            {
                "api_url_file": delivery.slack_url_file,
                "channel": delivery.channel,
                "send_resolved": True,
                "title": '{{ template "gpuyield.title" . }}',
                "text": '{{ template "gpuyield.text" . }}',
            }
        ]
    if delivery.webhook:
        found["webhook_configs"] = [{"url": delivery.webhook, "send_resolved": True}]
    return found
