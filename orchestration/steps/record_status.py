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

    Optional: "names" (of the plan), "note" (a line for the timeline), "failure" (a Catch's Error and Cause).
    """
    number, status = event.get("build"), event.get("status")
    if not isinstance(number, int):
        number = ports.builds.by_execution(first_execution(str(event.get("execution_name", "")))).number
    if status not in BuildStatus.__members__:
        raise BadRequest(f"A status record needs one of {', '.join(BuildStatus)}, not {status!r}.")
    names, failure = event.get("names"), event.get("failure")
    error, cause = explain(failure) if isinstance(failure, dict) else ("", "")
    if error == "States.Timeout" and not cause:
        cause = f"It was {ports.builds.get(number).status} for longer than its settings allow."
    change = Change(
        to=BuildStatus(str(status)),
        at=ports.clock.now(),
        note=(cause or str(event.get("note") or ""))[:MAX_CAUSE_CHARS],
        resources={key: str(value) for key, value in names.items()} if isinstance(names, dict) else {},
        error=error,
        cause=cause,
    )
    return record(number, change, ports)


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
    stage = _stage(document)
    # A processing job's own sentence is its ExitMessage; its FailureReason may say no more than the exit code.
    if stage and (why := document.get("ExitMessage") or document.get("FailureReason")):
        return f"{stage}Failed", str(why)[:MAX_CAUSE_CHARS]
    if stage and "Stopped" in document.values():
        reason = str(document.get("SecondaryStatus", "Stopped"))
        return f"{stage}Stopped", f"The {stage.lower()} job was stopped before it was done ({reason})."
    if stage:
        return f"{stage}Failed", f"The {stage.lower()} job failed and gave no reason."
    if "errorMessage" in document:
        return str(document.get("errorType", error)), str(document["errorMessage"])[:MAX_CAUSE_CHARS]
    return error, cause[:MAX_CAUSE_CHARS]


def _stage(document: Mapping[str, Json]) -> str:
    """What the job of a failed state was for, from its description; "" when it describes no job."""
    if "HyperParameterTuningJobName" in document:
        return "Tuning"
    if "ProcessingJobName" in document:
        return "Evaluation" if "-evaluate-" in str(document["ProcessingJobName"]) else "Preparation"
    return "Training" if "TrainingJobName" in document else ""
