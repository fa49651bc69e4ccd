"""Alarms of the CloudWatch double: what PutMetricAlarm and its like take, what they refuse, what is described."""

from __future__ import annotations

import re
from typing import Any

from tests.cloudwatch_double.metric_store import check_dimensions, check_namespace
from tests.cloudwatch_double.refusal import ServiceError, check
from tests.cloudwatch_double.server import CloudWatchDouble

_STATISTICS = re.compile(r"Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?|PR\([\d.]*:[\d.]*\)")
_OPERATORS = ("GreaterThanThreshold", "LessThanThreshold")
_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_CHILD = re.compile(r'ALARM\("([^"]+)"\)')
_FUNCTIONS = frozenset({"IF", "FILL", "MIN", "MAX", "DIFF", "PERIOD", "AND", "OR"})
_DAY = 86_400

Json = dict[str, Any]


class AlarmStore:
    """Pages are small, so that who does not go on misses alarms."""

    def __init__(self, double: CloudWatchDouble, page: int = 7) -> None:
        self.alarms: dict[str, Json] = {}
        self.tags: dict[str, list[Json]] = {}
        self._page = page
        double.operations.update(
            {
                "PutMetricAlarm": self.put_metric_alarm,
                "PutCompositeAlarm": self.put_composite_alarm,
                "DescribeAlarms": self.describe_alarms,
                "DeleteAlarms": self.delete_alarms,
                "ListTagsForResource": self.list_tags,
            }
        )

    def put_metric_alarm(self, request: Json) -> Json:
        forms = {"MetricName", "Metrics", "EvaluationCriteria"} & request.keys()
        check(len(forms) == 1, f"exactly one form, not {forms}", "ValidationError")
        check(request["ComparisonOperator"] in _OPERATORS, "the operator is not known")
        check(request["TreatMissingData"] in _MISSING, "TreatMissingData is not known")
        check(request["DatapointsToAlarm"] <= request["EvaluationPeriods"], "more points than periods")
        if "MetricName" in request:
            self._check_series(request)
            self._check_span(request["Period"], request["EvaluationPeriods"])
            check(("Statistic" in request) != ("ExtendedStatistic" in request), "one kind of statistic")
            check(_STATISTICS.fullmatch(request.get("Statistic") or request["ExtendedStatistic"]) is not None, "which?")
        else:
            self._check_math(request["Metrics"], request["EvaluationPeriods"])
        return self._put(request)

    def put_composite_alarm(self, request: Json) -> Json:
        check(len(request["AlarmRule"]) <= 10_240, "the rule is too long")
        for child in _CHILD.findall(request["AlarmRule"]):
            check(child in self.alarms, f"{child} does not exist", "ValidationError")
        return self._put(request)

    def describe_alarms(self, request: Json) -> Json:
        check(set(request.get("AlarmTypes", ["MetricAlarm"])) <= {"MetricAlarm", "CompositeAlarm"}, "which types?")
        check(1 <= request.get("MaxRecords", 50) <= 100, "MaxRecords must be 1 to 100")
        names = sorted(name for name in self.alarms if name.startswith(request.get("AlarmNamePrefix", "")))
        start = int(request.get("NextToken", 0))
        chosen = [self.alarms[name] for name in names[start : start + self._page]]
        more = {"NextToken": str(start + self._page)} if start + self._page < len(names) else {}
        return {
            "MetricAlarms": [one for one in chosen if "AlarmRule" not in one],
            "CompositeAlarms": [one for one in chosen if "AlarmRule" in one],
            **more,
        }

    def delete_alarms(self, request: Json) -> Json:
        names = request["AlarmNames"]
        check(len(names) <= 100, "more than 100 alarms")
        composites = [name for name in names if "AlarmRule" in self.alarms.get(name, {})]
        check(not composites or len(names) == 1, "a composite is deleted alone", "ValidationError")
        for name in names:
            check(name in self.alarms, f"{name} does not exist", "ResourceNotFound")
            used = [one for one in self.alarms.values() if name in _CHILD.findall(one.get("AlarmRule", ""))]
            check(not used, f"{name} is part of a composite", "ValidationError")
            self.tags.pop(self.alarms.pop(name)["AlarmArn"])
        return {}

    def list_tags(self, request: Json) -> Json:
        if request["ResourceARN"] not in self.tags:
            raise ServiceError("ResourceNotFoundException", "no such alarm", 404)
        return {"Tags": self.tags[request["ResourceARN"]]}

    def _put(self, request: Json) -> Json:
        name = request["AlarmName"]
        check(0 < len(name) <= 255, "AlarmName must have 1 to 255 characters")
        check(len(request.get("AlarmDescription", "")) <= 1024, "the description is too long")
        for kind in ("AlarmActions", "OKActions"):
            check(len(request.get(kind, [])) <= 5, f"{kind}: 5 are the most")
        arn = f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"
        self.tags.setdefault(arn, request.get("Tags", []))  # tags of an alarm that exists are not changed
        told = {key: value for key, value in request.items() if key != "Tags" and value != []}
        for metric in told.get("Metrics", ()):
            metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", []).reverse()
        self.alarms[name] = {**told, "AlarmArn": arn, "ActionsEnabled": True, "StateValue": "INSUFFICIENT_DATA"}
        return {}

    def _check_series(self, metric: Json) -> None:
        check_namespace(metric["Namespace"])
        check_dimensions({one["Name"]: one["Value"] for one in metric.get("Dimensions", ())})

    def _check_span(self, period: int, periods: int) -> None:
        check(period in (10, 20, 30) or period % 60 == 0, f"a period of {period} s")
        limit = _DAY if period < 3_600 else 7 * _DAY
        check(period * periods <= limit, f"{periods} periods of {period} s are more than {limit} s")

    def _check_math(self, metrics: list[Json], periods: int) -> None:
        ids = [one["Id"] for one in metrics]
        check(len(set(ids)) == len(ids) and all(re.fullmatch("[a-z][A-Za-z0-9_]*", one) for one in ids), "the ids")
        check(sum(one.get("ReturnData", True) for one in metrics) == 1, "one series is returned", "ValidationError")
        stats = [one["MetricStat"] for one in metrics if "MetricStat" in one]
        check(len(stats) <= 10 and len(metrics) - len(stats) <= 10, "10 series and 10 expressions are the most")
        for stat in stats:
            self._check_series(stat["Metric"])
            self._check_span(stat["Period"], periods)
            check(_STATISTICS.fullmatch(stat["Stat"]) is not None, f"{stat['Stat']} is no statistic")
        for one in metrics:
            text = one.get("Expression", "")
            words = set(re.findall(r"[A-Za-z_]\w*", text))
            check(len(text) <= 2_048 and words <= _FUNCTIONS | set(ids), f"not known in {text}: {words}")
