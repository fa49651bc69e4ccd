"""Puts the dashboard into CloudWatch, where it is not there already just so."""

from __future__ import annotations

import json
from typing import Any

from exporters.sinks.cloudwatch.client import client, library
from exporters.source import GpuyieldError, SourceFailed


def present(region: str | None, name: str, endpoint_url: str | None = None) -> Any:
    """What stands under the name; None where nothing does."""
    errors = library("botocore.exceptions")
    try:
        answer = client("cloudwatch", region, endpoint_url).get_dashboard(DashboardName=name)
    except errors.ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("ResourceNotFound", "DashboardNotFoundError"):
            return None
        raise _failed(error, "cloudwatch:GetDashboard") from None
    except errors.BotoCoreError as error:
        raise SourceFailed(f"CloudWatch cannot be asked: {type(error).__name__}") from None
    return json.loads(answer["DashboardBody"])


def put(region: str | None, name: str, body: str, endpoint_url: str | None = None) -> list[str]:
    """Writes the dashboard; gives what CloudWatch remarks on it."""
    errors = library("botocore.exceptions")
    try:
        answer = client("cloudwatch", region, endpoint_url).put_dashboard(DashboardName=name, DashboardBody=body)
    except errors.ClientError as error:
        raise _failed(error, "cloudwatch:PutDashboard") from None
    except errors.BotoCoreError as error:
        raise SourceFailed(f"CloudWatch cannot be asked: {type(error).__name__}") from None
    return [one["Message"] for one in answer.get("DashboardValidationMessages", [])]


def _failed(error: Any, permission: str) -> GpuyieldError:
    code = error.response.get("Error", {}).get("Code", "")
    if "AccessDenied" in code:
        return GpuyieldError(f"AWS refuses ({code}): the caller needs {permission}")
    return SourceFailed(f"CloudWatch refuses ({code})")
