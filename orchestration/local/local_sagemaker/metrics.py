"""Metrics read from a container's output by the regular expressions of MetricDefinitions.

The first group of a match is the value, as the service documents it:
https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html. Values that are no finite numbers are passed
over, as CloudWatch refuses them. `container_run.py` feeds the lines; `training.TrainingJobs.metrics` reads the series.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestration.local.local_sagemaker.job_folder import Metric

_MAX_POINTS = 100_000  # a job; the last value is kept past it, the series is not
_MAX_LINE_CHARS = 8192  # only the beginning of a longer line is looked at


class MetricReader:
    """Finds metrics in lines and appends them to a series, one JSON object a line: name, value, at."""

    def __init__(self, definitions: Sequence[Mapping[str, str]], series: Path) -> None:
        """Take MetricDefinitions as the request has them; `series` is the file to append to.

        Raises:
            re.error: a regular expression that does not compile (`rules.py` refuses it earlier).
        """
        self._patterns = [(each["Name"], re.compile(each["Regex"])) for each in definitions]
        self._series = series
        self._points = 0
        self._last: dict[str, Metric] = {}

    def feed(self, lines: Sequence[str], at: float) -> None:
        """Look for metrics in whole lines that were read at this time (seconds since the epoch)."""
        found = [metric for line in lines for metric in self._find(line, at)]
        for metric in found:
            self._last[metric.name] = metric
        kept = found[: max(0, _MAX_POINTS - self._points)]
        if kept:
            self._points += len(kept)
            with self._series.open("a", encoding="utf-8") as file:
                for metric in kept:
                    file.write(json.dumps({"name": metric.name, "value": metric.value, "at": metric.at}) + "\n")

    def final(self) -> tuple[Metric, ...]:
        """The last value of each metric, in the order of the definitions."""
        names = dict.fromkeys(name for name, _ in self._patterns)
        return tuple(self._last[name] for name in names if name in self._last)

    def _find(self, line: str, at: float) -> Iterator[Metric]:
        for name, pattern in self._patterns:
            for match in pattern.finditer(line[:_MAX_LINE_CHARS]):
                value = _number(match.group(1) if pattern.groups else match.group(0))
                if value is not None:
                    yield Metric(name, value, at)


def read_series(path: Path) -> list[Metric]:
    """The series so far, oldest first; empty when there is none. A line that is being written does not count."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    whole = text[: text.rfind("\n") + 1]
    points = (json.loads(line) for line in whole.splitlines())
    return [Metric(point["name"], point["value"], point["at"]) for point in points]


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
