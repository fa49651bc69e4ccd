"""The alerts, one file for each thing that goes wrong, exposing `alerts`; its docstring is the runbook.

To add an alert, add one to a file, or a file; nothing else lists them.
"""

from __future__ import annotations

import sys
from functools import cache

from alerts.alert import Alert
from exporters.discover import discover


@cache
def rules() -> dict[str, tuple[Alert, ...]]:
    """Every alert, by the name of its file."""
    return discover(sys.modules[__name__], "alerts", tuple)
