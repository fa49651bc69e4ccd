"""`gpuyield rules`: recording rules and alerts, in the words of Prometheus, Alertmanager and CloudWatch."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from alerts.alert import Severity
from alerts.wording import Links
from analyzer.advice.thresholds import Thresholds
from analyzer.commands import rules as constant_prices
from analyzer.kpi.scope import Scope
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_EPILOG = """examples:
  gpuyield rules write ./rules                         # rules, alertmanager.yml, its template, the operator's object
  gpuyield rules prometheus > gpuyield.rules.yml       # key figures and alerts
  gpuyield rules prometheus --prometheus-rule | kubectl apply -f -
  gpuyield rules alertmanager --slack-url-file /etc/alertmanager/slack-url
  gpuyield rules cloudwatch --cluster prod --diff      # what --apply would do
  gpuyield rules cloudwatch --cluster prod --apply --page arn:aws:sns:eu-west-1:123456789012:oncall
  gpuyield rules record > prices.rules.yml             # dollars without gpuyield publish

The numbers are those of `gpuyield advise`; --advice-settings takes the same file.
"""

Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rules, and in whose words."""
    parser.epilog = _EPILOG
    kinds = parser.add_subparsers(dest="rules", metavar="WHAT", required=True)
    constant_prices.add_record(kinds)
    write = kinds.add_parser("write", help="write everything for Prometheus and Alertmanager as files")
    write.add_argument("folder", type=Path, metavar="DIR")
    prometheus = kinds.add_parser("prometheus", help="print the rules: key figures and alerts")
    prometheus.add_argument("--prometheus-rule", action="store_true", help="as an object of the Prometheus operator")
    manager = kinds.add_parser("alertmanager", help="print a configuration of Alertmanager")
    manager.add_argument("--template", action="store_true", help="print the template of its messages instead")
    for one in (write, prometheus):
        one.add_argument("--namespace", default="", metavar="NAME", help="of the operator's object")
    for one in (write, manager):
        _add_delivery(one)
    cloud = kinds.add_parser("cloudwatch", help="print, compare, make or delete CloudWatch alarms")
    _add_account(cloud)
    for one in (write, prometheus, manager):
        one.add_argument("--cluster-label", default="cluster", metavar="LABEL", help="what tells clusters apart")
    for one in (write, prometheus, cloud):
        one.add_argument(
            "--advice-settings", type=Path, metavar="FILE", help="thresholds, as gpuyield advise reads them"
        )
        one.add_argument("--runbooks", default=Links().runbooks, metavar="URL", help="folder of the runbooks")
        one.add_argument("--grafana", default="", metavar="URL", help="for links to the boards")


def _add_delivery(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--slack-url-file", default="", metavar="FILE", help="holds the URL of the incoming webhook")
    parser.add_argument("--channel", default="#gpuyield", metavar="NAME")
    parser.add_argument("--webhook", default="", metavar="URL", help="takes Alertmanager's JSON")


def _add_account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cluster", required=True, metavar="NAME", help="as the sink calls it")
    parser.add_argument("--region", metavar="NAME", help="else that of the AWS settings")
    parser.add_argument("--price-basis", choices=("list", "effective"), default="list")
    for severity in Severity:
        parser.add_argument(
            f"--{severity}", action="append", default=[], metavar="ARN", help=f"told of each {severity}"
        )
    parser.add_argument("--endpoint-url", metavar="URL", help="of CloudWatch, where it is not AWS's own")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--diff", action="store_true", help="say what --apply would change")
    what.add_argument(
        "--apply", action="store_true", help="make, change and delete, until the account has these alarms"
    )
    what.add_argument("--delete", action="store_true", help="delete all alarms of this cluster that we made")


def run(arguments: argparse.Namespace) -> int:
    """Writes or prints; CloudWatch's remarks and what it cannot say go to stderr."""
    label = getattr(arguments, "cluster_label", "cluster")
    if not _LABEL.fullmatch(label):
        raise GpuyieldError(f"--cluster-label {label!r} is no name of a label")
    todo: dict[str, Callable[[argparse.Namespace], None]] = {
        "write": _write,
        "prometheus": _prometheus,
        "alertmanager": _alertmanager,
        "cloudwatch": _cloudwatch,
    }
    if arguments.rules == "record":
        return constant_prices.run(arguments)
    todo[arguments.rules](arguments)
    return 0


def _prometheus(arguments: argparse.Namespace) -> None:
    from alerts.dialects.prometheus import prometheus_rule

    content = _rules(arguments)
    sys.stdout.write(_yaml(prometheus_rule(content, arguments.namespace) if arguments.prometheus_rule else content))


def _alertmanager(arguments: argparse.Namespace) -> None:
    from alerts.dialects.alertmanager import TEMPLATE

    sys.stdout.write(TEMPLATE if arguments.template else _yaml(_configuration(arguments)))


def _write(arguments: argparse.Namespace) -> None:
    from alerts.dialects.alertmanager import TEMPLATE, TEMPLATE_FILE
    from alerts.dialects.prometheus import prometheus_rule

    content = _rules(arguments)
    files = {
        "gpuyield.rules.yml": _yaml(content),
        "gpuyield.prometheusrule.yml": _yaml(prometheus_rule(content, arguments.namespace)),
        "alertmanager.yml": _yaml(_configuration(arguments)),
        TEMPLATE_FILE: TEMPLATE,
    }
    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_whole(arguments.folder / name, text.encode())
            print(f"{arguments.folder / name}: written", file=sys.stderr)
    except OSError as error:
        raise GpuyieldError(f"{arguments.folder} cannot be written: {error.strerror}") from None


def _cloudwatch(arguments: argparse.Namespace) -> None:
    from alerts.dialects.cloudwatch import Account, unsaid, wanted
    from alerts.dialects.cloudwatch_account import Alarms, Step

    actions = {severity: tuple(getattr(arguments, severity)) for severity in Severity}
    account = Account(arguments.cluster, arguments.price_basis, actions, _links(arguments))
    alarms = Alarms(account, arguments.region or os.environ.get("AWS_REGION"), arguments.endpoint_url)
    if arguments.delete:
        names = alarms.ours()
        alarms.delete(names)
        print(f"{len(names)} alarms of {arguments.cluster} deleted", file=sys.stderr)
        return
    made = wanted(account, _thresholds(arguments))
    for line in unsaid():
        print(f"CloudWatch: {line}", file=sys.stderr)
    if not (arguments.diff or arguments.apply):
        print(json.dumps({"PutMetricAlarm": [*made.metric.values()], "PutCompositeAlarm": [*made.composite.values()]},
                         indent=1))  # fmt: skip
        return
    steps = alarms.steps(made)
    if arguments.apply:
        alarms.apply(made, steps)
    for name, step in steps.items():
        if step is not Step.SAME:
            print(f"{name}: {step}")
    same = sum(step is Step.SAME for step in steps.values())
    print(f"{len(steps)} alarms, {same} unchanged{', nothing was changed' * arguments.diff}", file=sys.stderr)


def _rules(arguments: argparse.Namespace) -> Json:
    from alerts.dialects.prometheus import all_rules

    return all_rules(Scope(cluster=arguments.cluster_label), _thresholds(arguments), _links(arguments))


def _configuration(arguments: argparse.Namespace) -> Json:
    from alerts.dialects.alertmanager import Delivery, configuration

    delivery = Delivery(arguments.slack_url_file, arguments.channel, arguments.webhook)
    return configuration(delivery, arguments.cluster_label)


def _thresholds(arguments: argparse.Namespace) -> Thresholds:
    from analyzer.advice.settings import read_settings

    return read_settings(arguments.advice_settings).thresholds if arguments.advice_settings else Thresholds()


def _links(arguments: argparse.Namespace) -> Links:
    return Links(arguments.runbooks, arguments.grafana)


def _yaml(content: Json) -> str:
    return yaml.safe_dump(content, sort_keys=False, width=1_000_000, allow_unicode=True)
