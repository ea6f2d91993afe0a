"""What a state of the machine tells the record: a status, and what was learned from the state before it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestration.builds import Build, BuildStatus, Json, first_execution
from orchestration.ports import BadRequest, Change, Ports
from orchestration.steps.record import record

MAX_CAUSE_CHARS = 2000


def record_status(event: Mapping[str, Json], ports: Ports) -> Build:
    """Record `event["status"]` for `event["build"]`, or for the build of `event["execution_name"]`.

    Optional: "trained" (DescribeTrainingJob's answer), "names" (of the plan), "failure" (a Catch's Error and Cause).
    """
    number, status = event.get("build"), event.get("status")
    if not isinstance(number, int):
        number = ports.builds.by_execution(first_execution(str(event.get("execution_name", "")))).number
    if status not in BuildStatus.__members__:
        raise BadRequest(f"A status record needs one of {', '.join(BuildStatus)}, not {status!r}.")
    trained, names, failure = (event.get(key) for key in ("trained", "names", "failure"))
    jobs, metrics, artifacts, image = _of_training(trained if isinstance(trained, dict) else {})
    error, cause = explain(failure) if isinstance(failure, dict) else ("", "")
    change = Change(
        to=BuildStatus(str(status)),
        at=ports.clock.now(),
        note=cause[:MAX_CAUSE_CHARS],
        image=image,
        jobs=jobs,
        metrics=metrics,
        artifacts=artifacts,
        resources={key: str(value) for key, value in names.items()} if isinstance(names, dict) else {},
        error=error,
        cause=cause,
    )
    return record(number, change, ports)


def _of_training(
    trained: Mapping[str, Json],
) -> tuple[dict[str, str], dict[str, float], dict[str, str], str | None]:
    """Job, metrics, artifact and image from DescribeTrainingJob's answer."""
    if not trained:
        return {}, {}, {}, None
    metrics = {}
    for entry in _list(trained.get("FinalMetricDataList")):
        if isinstance(entry, dict) and isinstance(entry.get("Value"), (int, float)):
            metrics[str(entry["MetricName"])] = float(str(entry["Value"]))
    artifacts, specification = trained.get("ModelArtifacts"), trained.get("AlgorithmSpecification")
    return (
        {"train": str(trained["TrainingJobName"])},
        metrics,
        {"model": str(artifacts["S3ModelArtifacts"])} if isinstance(artifacts, dict) else {},
        str(specification["TrainingImage"]) if isinstance(specification, dict) else None,
    )


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def explain(failure: Mapping[str, Json]) -> tuple[str, str]:
    """The error's name and its cause as a sentence, from what a Catch gives.

    A failed job's Cause is DescribeTrainingJob's JSON, a Lambda's is its error's JSON; other causes are text already.
    """
    error, cause = str(failure.get("Error") or "Error"), str(failure.get("Cause") or "")
    try:
        document = json.loads(cause)
    except ValueError:
        return error, cause[:MAX_CAUSE_CHARS]
    if not isinstance(document, dict):
        return error, cause[:MAX_CAUSE_CHARS]
    if "FailureReason" in document:
        return "TrainingFailed", str(document["FailureReason"])[:MAX_CAUSE_CHARS]
    if document.get("TrainingJobStatus") == "Stopped":
        reason = str(document.get("SecondaryStatus", "Stopped"))
        return "TrainingStopped", f"The training job was stopped before it was done ({reason})."
    if "errorMessage" in document:
        return str(document.get("errorType", error)), str(document["errorMessage"])[:MAX_CAUSE_CHARS]
    return error, cause[:MAX_CAUSE_CHARS]
