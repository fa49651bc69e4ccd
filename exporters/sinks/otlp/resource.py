"""Who sends, by the semantic conventions: attributes that every point of a request has in common."""

from __future__ import annotations

from opentelemetry.sdk.resources import OTELResourceDetector

from exporters.sinks.kind import Origin


def resource_of(origin: Origin) -> dict[str, str]:
    """What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say goes before what is known here."""
    known = {
        "service.name": "gpuyield",
        "k8s.node.name": origin.node,
        "host.id": origin.instance_id,
        "host.type": origin.instance_type,
    }
    told = {name: str(value) for name, value in OTELResourceDetector().detect().attributes.items()}
    return {name: value for name, value in {**known, **told}.items() if value}
