"""Training jobs as whoever asks sees them: create, describe, list; `jobs.py` has what all kinds of jobs share.

The work is done by `supervisor.py`, one process a job; between the two stands the job's folder (`job_folder.py`). The
tuner creates training jobs too, in its own process (`tuner.py`).
Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.job_folder import JobStatus, Metric, Transition
from orchestration.local.local_sagemaker.jobs import Jobs, Kind
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.metrics import read_series
from orchestration.local.local_sagemaker.rules import check_training_job
from orchestration.local.local_sagemaker.supervision import Launch

_KIND = Kind(
    arn="training-job",
    folder="training-jobs",
    prefix="TrainingJob",
    words="training job",
    program="orchestration.local.local_sagemaker.supervisor",
)
_DEFAULT_STOPPING_CONDITION = {"MaxRuntimeInSeconds": 86_400}

# Members of the request that DescribeTrainingJob gives back as they came.
_ECHOED = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
    "MlflowConfig",
)


# Members of the description that ListTrainingJobs has too.
_SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)


class TrainingJobs(Jobs):
    """All training jobs of one local SageMaker. Safe for several threads and processes."""

    def __init__(self, context: Context, on_change: Callable[[str, str], None]) -> None:
        """`on_change(name, status)` is told of each job that ended: see `Jobs.poll`."""
        super().__init__(context, _KIND, on_change)

    def create(self, request: Document, tuning_job_arn: str | None = None) -> str:
        """Start a training job; returns its ARN. The request is validated against the model already.

        Args:
            request: CreateTrainingJob's.
            tuning_job_arn: the tuning job that it belongs to.

        Raises:
            ValidationException, ResourceLimitExceeded: see `rules.check_training_job`.
            ResourceInUse: the name is taken.
        """
        check_training_job(request, self._context)
        launch = Launch.of(self._context, request["AlgorithmSpecification"]["TrainingImage"])
        return self._create(request["TrainingJobName"], request, launch.to_json(), tuning_job_arn=tuning_job_arn)

    def describe(self, name: str) -> Document:
        """The DescribeTrainingJob response.

        Raises:
            ValidationException: there is no such job.
        """
        job = self._job(name)
        document = job.read_request() or {}
        return _description(document, self._settled(job), job.stop_file.exists())

    def tuning_job_arn(self, name: str) -> str | None:
        """The tuning job that the job belongs to; None when nobody but a caller asked for it.

        Raises:
            ValidationException: there is no such job.
        """
        document = self._job(name).read_request() or {}
        arn: str | None = document.get("tuning_job_arn")
        return arn

    def created_at(self, name: str) -> float:
        """When the job was created, in seconds since the epoch.

        Raises:
            ValidationException: there is no such job.
        """
        document = self._job(name).read_request() or {}
        at: float = document["created_at"]
        return at

    def list_jobs(self, request: Document) -> Document:
        """The ListTrainingJobs response."""
        return list_page(self._entries(), request, "TrainingJobSummaries", descending=False)

    def metrics(self, name: str) -> list[Metric]:
        """Every metric value so far, oldest first, also while the job runs.

        Raises:
            ValidationException: there is no such job.
        """
        return read_series(self._job(name).metrics_file)

    def _entries(self) -> Iterator[Entry]:
        for job in self._jobs():
            document = job.read_request()
            if document is None:
                continue
            status = self._settled(job)
            description = _description(document, status, job.stop_file.exists())
            summary = {member: description[member] for member in _SUMMARY if member in description}
            yield Entry(job.name, document["created_at"], status.modified_at, description["TrainingJobStatus"], summary)


def _description(document: Mapping[str, Any], status: JobStatus, asked_to_stop: bool) -> Document:
    request = document["request"]
    name = request["TrainingJobName"]
    output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    # Its supervisor sees the wish within a tenth of a second; whoever wished shall see it at once, as on the service.
    stopping = asked_to_stop and not status.is_terminal
    described: Document = {
        "TrainingJobName": name,
        "TrainingJobArn": document["arn"],
        "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{name}/output/model.tar.gz"},
        "TrainingJobStatus": "Stopping" if stopping else status.status,
        "SecondaryStatus": "Stopping" if stopping else status.secondary,
        "StoppingCondition": request.get("StoppingCondition", _DEFAULT_STOPPING_CONDITION),
        "CreationTime": as_datetime(document["created_at"]),
        "LastModifiedTime": as_datetime(status.modified_at),
        "SecondaryStatusTransitions": [_transition(each) for each in status.transitions],
        "FinalMetricDataList": [
            {"MetricName": each.name, "Value": each.value, "Timestamp": as_datetime(each.at)} for each in status.metrics
        ],
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
    }
    described |= {member: request[member] for member in _ECHOED if member in request}
    if document.get("tuning_job_arn") is not None:
        described["TuningJobArn"] = document["tuning_job_arn"]
    if status.failure_reason is not None:
        described["FailureReason"] = status.failure_reason
    return described | _times(status)


def _times(status: JobStatus) -> Document:
    times: Document = {}
    if status.training_started_at is not None:
        times["TrainingStartTime"] = as_datetime(status.training_started_at)
    if status.ended_at is not None:
        times["TrainingEndTime"] = as_datetime(status.ended_at)
        if status.training_started_at is not None:
            seconds = max(1, round(status.ended_at - status.training_started_at))
            times |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    return times


def _transition(transition: Transition) -> Document:
    described: Document = {
        "Status": transition.status,
        "StartTime": as_datetime(transition.started_at),
        "StatusMessage": transition.message,
    }
    if transition.ended_at is not None:
        described["EndTime"] = as_datetime(transition.ended_at)
    return described
