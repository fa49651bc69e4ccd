"""Runs the cases that stand beside the alerts through `promtool test rules`, all in one go: it is slow to start.

Each alert has a file of its own, with the rule as it is and with one threshold after the other far away.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from alerts.alert import Alert, Case
from alerts.dialects.prometheus import alerting_rules
from alerts.rules import rules
from alerts.wording import Links
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope

_NO_DATA = Case("no data", {'up{job="something-else"}': "1x60"}, "1h", 0)
# Far enough from any default that no case is on the same side of both.
_FACTORS = {"up": 1000.0, "down": 0.001}
_FAILED = re.compile(r'alertname=\\*"(?P<name>\w+)\\*"')
# Cases of many hours are evaluated less often.
_EVERY = ((12, "30m"), (4, "5m"), (0, "1m"))

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One threshold of an alert, far away."""

    alert: Alert
    limit: str
    way: str

    @property
    def name(self) -> str:
        return f"{self.alert.name}_{self.limit}_{self.way}"

    def rule(self) -> Json:
        value = getattr(Thresholds(), self.limit) * _FACTORS[self.way]
        return {**_rules(replace(Thresholds(), **{self.limit: value}))[self.alert.name], "alert": self.name}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Names of rules that did not do what the cases say, and promtool's words."""

    failed: frozenset[str]
    said: str


def every_alert() -> list[Alert]:
    return [alert for alerts in rules().values() for alert in alerts]


def mutations() -> Iterator[Mutation]:
    for alert in every_alert():
        yield from (Mutation(alert, limit, way) for limit in alert.limits for way in _FACTORS)


def verdict(folder: Path) -> Verdict:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    files = [_file(folder, alert) for alert in every_alert()]
    ran = subprocess.run([promtool, "test", "rules", *files], cwd=folder, capture_output=True, text=True, timeout=240)
    said = ran.stdout + ran.stderr
    found = frozenset(match["name"] for match in _FAILED.finditer(said))
    assert bool(found) == (ran.returncode != 0), said
    return Verdict(found, said)


def _file(folder: Path, alert: Alert) -> str:
    changed = [one for one in mutations() if one.alert is alert]
    content = [_rules(Thresholds())[alert.name], *(one.rule() for one in changed)]
    groups = [{"name": alert.name, "rules": content}]
    (folder / f"{alert.name}.rules.yml").write_text(json.dumps({"groups": groups}))
    hours = max(int(hour[1]) if (hour := re.match(r"(\d+)h", case.after)) else 0 for case in alert.cases)
    tests = {
        "rule_files": [f"{alert.name}.rules.yml"],
        "evaluation_interval": next(interval for longer, interval in _EVERY if hours >= longer),
        "tests": [_test(alert, case, [rule["alert"] for rule in content]) for case in alert.cases]
        + [_test(alert, _NO_DATA, [alert.name])],
    }
    (folder / f"{alert.name}.tests.yml").write_text(json.dumps(tests))
    return f"{alert.name}.tests.yml"


def _rules(thresholds: Thresholds) -> dict[str, Json]:
    content = alerting_rules(Scope(), thresholds, Links())
    return {rule["alert"]: rule for group in content["groups"] for rule in group["rules"]}


def _test(alert: Alert, case: Case, names: list[str]) -> Json:
    return {
        "name": f"{alert.name}: {case.says}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}})',
                "eval_time": case.after,
                "exp_samples": [{"labels": "{}", "value": case.fires}] if case.fires else [],
            }
            for name in names
        ],
    }
