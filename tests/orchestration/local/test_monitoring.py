"""The endpoints' invocations as CloudWatch tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.local.local_sagemaker.errors import LocalSageMakerError
from orchestration.local.monitoring import KEPT_S, Monitoring
from orchestration.local.storage import Storage
from tests.orchestration.shape_walker import check_response

HOUR = 1_800_000_000 // 3600 * 3600  # of which all times here are


class Watch:
    """A clock, and what was counted by it."""

    def __init__(self, storage: Storage) -> None:
        self.now = float(HOUR)
        self.monitoring = Monitoring(storage, lambda: self.now)

    def invoked(self, minute: float, count: int = 1, endpoint: str = "e") -> None:
        self.now = HOUR + 60 * minute
        for _ in range(count):
            self.monitoring.invoked(endpoint, "AllTraffic")

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        answer = self.monitoring.call(operation, request)
        check_response("cloudwatch", operation, answer)
        return answer

    def statistics(self, **changes: Any) -> dict[int, dict[str, Any]]:
        """Data points by minutes after the hour."""
        asked = {**METRIC, "StartTime": HOUR, "EndTime": HOUR + 3600, "Period": 60, "Statistics": ["Sum"], **changes}
        points = self.call("GetMetricStatistics", **asked)["Datapoints"]
        return {int(point.pop("Timestamp").timestamp() - HOUR) // 60: point for point in points}


METRIC = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocations",
    "Dimensions": [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "AllTraffic"}],
}


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    storage = Storage(tmp_path / "engine.db")
    yield Watch(storage)
    storage.close()


def test_sums_by_the_minute_and_by_longer_periods(watch: Watch) -> None:
    for minute, count in ((0, 2), (0.9, 1), (5, 4), (61, 7)):
        watch.invoked(minute, count)
    watch.invoked(5, 100, endpoint="other")
    assert {minute: point["Sum"] for minute, point in watch.statistics().items()} == {0: 3, 5: 4}
    assert {minute: point["Sum"] for minute, point in watch.statistics(Period=3600).items()} == {0: 7}
    every = watch.statistics(Period=300, Statistics=["SampleCount", "Average", "Minimum", "Maximum"])
    assert every[5] == {"Unit": "None", "SampleCount": 4, "Average": 1, "Minimum": 1, "Maximum": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"MetricName": "ModelLatency"},
        {"Namespace": "AWS/Lambda"},
        {"Dimensions": METRIC["Dimensions"][:1]},
        {"Dimensions": [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "Other"}]},
    ],
    ids=["metric", "namespace", "fewer dimensions", "another variant"],
)
def test_any_other_metric_has_no_data(watch: Watch, other: dict[str, Any]) -> None:
    watch.invoked(1)
    assert watch.statistics(**other) == {}


def test_metric_data_newest_first_unless_asked_otherwise(watch: Watch) -> None:
    watch.invoked(1)
    watch.invoked(2, 3)
    metric = {**METRIC}
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "Label": "asked"}
    hidden = {**query, "Id": "hidden", "ReturnData": False}
    asked = {"MetricDataQueries": [query, hidden], "StartTime": HOUR, "EndTime": HOUR + 3600}
    [result] = watch.call("GetMetricData", **asked)["MetricDataResults"]
    assert (result["Id"], result["Label"], result["Values"]) == ("q", "asked", [3, 1])
    [result] = watch.call("GetMetricData", **asked, ScanBy="TimestampAscending")["MetricDataResults"]
    assert [at.timestamp() - HOUR for at in result["Timestamps"]] == [60, 120]


def test_what_is_older_than_cloudwatch_keeps_is_forgotten(watch: Watch) -> None:
    watch.invoked(0)
    watch.invoked(KEPT_S / 60 + 1)
    watch.monitoring.forget_old()
    assert watch.statistics() == {}
    assert len(watch.statistics(EndTime=HOUR + KEPT_S + 3600, Period=3600)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Period": 90}, "multiple of 60"),
        ({"EndTime": HOUR}, "StartTime must be less"),
        ({"EndTime": HOUR + 90_000}, "exceeds the limit of 1440"),
        ({"Statistics": ["Median"]}, "enum value set"),
    ],
    ids=["period", "order", "too many", "statistic"],
)
def test_what_cannot_be_asked_is_refused(watch: Watch, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(LocalSageMakerError, match=said):
        watch.statistics(**changes)


def test_expressions_are_refused_by_name(watch: Watch) -> None:
    asked = {"MetricDataQueries": [{"Id": "q", "Expression": "m1/2"}], "StartTime": HOUR, "EndTime": HOUR + 60}
    with pytest.raises(LocalSageMakerError, match="'q' needs MetricStat"):
        watch.call("GetMetricData", **asked)
