"""The SageMaker jobs that a build's states run: found by their names' beginning, stopped, looked at.

A job of any kind begins with `build_prefix`. NameContains matches anywhere in a name, so the beginning is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.ports import BadRequest, Training, Trial


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are listed and stopped, and what their list and name are called."""

    lists: str
    summaries: str
    name: str
    stop: str


TRAINING = Kind("list_training_jobs", "TrainingJobSummaries", "TrainingJobName", "stop_training_job")
PROCESSING = Kind("list_processing_jobs", "ProcessingJobSummaries", "ProcessingJobName", "stop_processing_job")
TUNING = Kind(
    "list_hyper_parameter_tuning_jobs",
    "HyperParameterTuningJobSummaries",
    "HyperParameterTuningJobName",
    "stop_hyper_parameter_tuning_job",
)
# A tuning job first: it would start others in place of its stopped training jobs.
KINDS = (TUNING, TRAINING, PROCESSING)


def jobs_of(prefix: str, kind: Kind, clients: Clients, **filters: str) -> list[str]:
    """The names of the jobs of that kind whose name begins so, newest first."""
    with translated("list the build's jobs"):
        answer = getattr(clients("sagemaker"), kind.lists)(
            NameContains=prefix, SortBy="CreationTime", SortOrder="Descending", MaxResults=100, **filters
        )
    names = [str(summary[kind.name]) for summary in answer[kind.summaries]]
    return [name for name in names if name.startswith(prefix)]


def stop_jobs(prefix: str, clients: Clients) -> None:
    """Stop those that still run. Doing so twice is fine."""
    for kind in KINDS:
        for name in jobs_of(prefix, kind, clients, StatusEquals="InProgress"):
            try:
                with translated("stop a job"):
                    getattr(clients("sagemaker"), kind.stop)(**{kind.name: name})
            except ClientError as error:
                # It ended between the list and the stop.
                if error_code(error) not in ("ValidationException", "ResourceNotFound"):
                    raise


def training_of(job: str, clients: Clients) -> Training:
    """A completed training job. Raises BadRequest."""
    try:
        with translated("look at a training job"):
            found = clients("sagemaker").describe_training_job(TrainingJobName=job)
    except ClientError as error:
        if error_code(error) in ("ValidationException", "ResourceNotFound"):
            raise BadRequest(f"There is no training job {job}.") from error
        raise
    artifact = found.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    if found["TrainingJobStatus"] != "Completed" or not artifact:
        raise BadRequest(f"The training job {job} is {found['TrainingJobStatus']} and left no model.")
    return Training(
        job=job,
        image=found["AlgorithmSpecification"]["TrainingImage"],
        artifact=artifact,
        hyperparameters=dict(found.get("HyperParameters", {})),
        metrics={entry["MetricName"]: float(entry["Value"]) for entry in found.get("FinalMetricDataList", [])},
    )


def trials_of(tuning_job: str, limit: int, clients: Clients) -> list[Trial]:
    """The training jobs of a tuning job, best first."""
    found: list[dict[str, Any]] = []
    for order in ("FinalObjectiveMetricValue", "CreationTime"):
        request = {"HyperParameterTuningJobName": tuning_job, "SortBy": order, "MaxResults": min(limit, 100)}
        ascending = order == "FinalObjectiveMetricValue" and _is_minimised(tuning_job, clients)
        with translated("read the tuning's jobs"):
            answer = clients("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
                **request, SortOrder="Ascending" if ascending else "Descending"
            )
        known = {one["TrainingJobName"] for one in found}
        found += [one for one in answer["TrainingJobSummaries"] if one["TrainingJobName"] not in known]
    return sorted((_trial(one) for one in found), key=lambda trial: trial.objective is None)[:limit]


def _is_minimised(tuning_job: str, clients: Clients) -> bool:
    with translated("look at the tuning"):
        answer = clients("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning_job)
    objective = answer["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective", {})
    return bool(objective.get("Type", "Minimize") == "Minimize")


def _trial(summary: dict[str, Any]) -> Trial:
    value = summary.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
    begun, ended = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
    return Trial(
        job=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        hyperparameters=dict(summary.get("TunedHyperParameters", {})),
        objective=float(value) if value is not None else None,
        seconds=(ended - begun).total_seconds() if begun and ended else 0.0,
    )
