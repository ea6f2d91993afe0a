"""CloudWatch as far as endpoints need it: the metric Invocations, counted by the minute and kept for 15 days.

Namespace AWS/SageMaker, dimensions EndpointName and VariantName, as SageMaker has it:
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html. Any other metric has no data. What else is
asked of CloudWatch is moto's to answer (`front.py`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from orchestration.local.local_sagemaker.context import Document, as_datetime
from orchestration.local.local_sagemaker.errors import LocalSageMakerError, ValidationException
from orchestration.local.local_sagemaker.validation import RequestRefused, validated
from orchestration.local.storage import Storage

SERVICE = "cloudwatch"
KEPT_S = 15 * 86_400  # CloudWatch keeps data points of a minute so long
MAX_POINTS = 1440  # GetMetricStatistics
_NAMESPACE, _METRIC = "AWS/SageMaker", "Invocations"
_DIMENSIONS = {"EndpointName", "VariantName"}
# Of `count` data points, each of which is 1.
_STATISTICS: Mapping[str, Callable[[int], float]] = {
    "SampleCount": float,
    "Sum": float,
    "Average": lambda count: 1.0,
    "Minimum": lambda count: 1.0,
    "Maximum": lambda count: 1.0,
}


class InvalidParameter(LocalSageMakerError):
    """A value that cannot be."""

    code = "InvalidParameterValue"
    http_status = 400


class InvalidCombination(LocalSageMakerError):
    """Values that cannot be together."""

    code = "InvalidParameterCombination"
    http_status = 400


class Monitoring:
    """Counts invocations and answers for them. Safe for several threads."""

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        self._storage, self._now = storage, now
        self.operations: Mapping[str, Callable[[Document], Document]] = {
            "GetMetricStatistics": self._statistics,
            "GetMetricData": self._data,
        }

    def invoked(self, endpoint: str, variant: str) -> None:
        """One more request to an endpoint."""
        self._storage.count_invocation(endpoint, variant, int(self._now() // 60))

    def forget_old(self) -> None:
        """Drop what is older than CloudWatch would keep."""
        self._storage.forget_invocations(int((self._now() - KEPT_S) // 60))

    def call(self, operation: str, request: Mapping[str, object]) -> Document:
        """Carry out one of `operations`. Raises LocalSageMakerError."""
        try:
            return self.operations[operation](validated(SERVICE, operation, request))
        except RequestRefused as error:
            raise ValidationException(str(error)) from error

    def _statistics(self, request: Document) -> Document:
        start, end, period = request["StartTime"], request["EndTime"], request["Period"]
        _check_period(period)
        if start >= end:
            raise InvalidCombination("The parameter StartTime must be less than the parameter EndTime.")
        if (end - start) / period > MAX_POINTS:
            raise InvalidCombination(
                f"You have requested up to {(end - start) / period:.0f} datapoints, which exceeds the limit of "
                f"{MAX_POINTS}."
            )
        counts = self._counts(request, start, end, period)
        points = [
            {"Timestamp": as_datetime(at), "Unit": "None"}
            | {name: _STATISTICS[name](count) for name in request.get("Statistics", ())}
            for at, count in sorted(counts.items())
        ]
        return {"Label": request["MetricName"], "Datapoints": points}

    def _data(self, request: Document) -> Document:
        wanted = [query for query in request["MetricDataQueries"] if query.get("ReturnData", True)]
        return {"MetricDataResults": [self._result(query, request) for query in wanted], "Messages": []}

    def _result(self, query: Mapping[str, Any], request: Document) -> Document:
        if "MetricStat" not in query:
            raise ValidationException(f"The query {query['Id']!r} needs MetricStat; expressions are not known locally.")
        stat = query["MetricStat"]
        _check_period(stat["Period"])
        if stat["Stat"] not in _STATISTICS:
            raise InvalidParameter(f"Stat is {stat['Stat']!r}; locally there are {', '.join(_STATISTICS)}.")
        counts = self._counts(stat["Metric"], request["StartTime"], request["EndTime"], stat["Period"])
        is_descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        points = sorted(counts.items(), reverse=is_descending)
        return {
            "Id": query["Id"],
            "Label": query.get("Label", stat["Metric"].get("MetricName", "")),
            "Timestamps": [as_datetime(at) for at, _ in points],
            "Values": [_STATISTICS[stat["Stat"]](count) for _, count in points],
            "StatusCode": "Complete",
        }

    def _counts(self, metric: Mapping[str, Any], start: float, end: float, period: int) -> Counter[int]:
        """By the beginning of each period that has any; periods count from the minute of the start."""
        dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
        counts: Counter[int] = Counter()
        names = (metric.get("Namespace"), metric.get("MetricName"))
        if names != (_NAMESPACE, _METRIC) or dimensions.keys() != _DIMENSIONS:
            return counts
        first = int(start // 60)
        minutes = self._storage.invocations(
            dimensions["EndpointName"], dimensions["VariantName"], first, -int(-end // 60)
        )
        for minute, count in minutes.items():
            counts[first * 60 + (minute - first) * 60 // period * period] += count
        return counts


def _check_period(period: int) -> None:
    if period < 60 or period % 60:
        raise InvalidParameter(f"Period is {period}; it must be a multiple of 60 seconds: the data are by the minute.")
