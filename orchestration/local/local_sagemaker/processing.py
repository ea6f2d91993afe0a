"""Processing jobs as whoever asks sees them: create, describe, list; `jobs.py` has what all kinds of jobs share.

The work is done by `processor.py`, one process a job; between the two stands the job's folder (`job_folder.py`).
Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.job_folder import JobStatus
from orchestration.local.local_sagemaker.jobs import Jobs, Kind
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.processing_rules import check_processing_job
from orchestration.local.local_sagemaker.supervision import Launch

_KIND = Kind(
    arn="processing-job",
    folder="processing-jobs",
    prefix="ProcessingJob",
    words="processing job",
    program="orchestration.local.local_sagemaker.processor",
)

# Members of the request that DescribeProcessingJob gives back as they came.
_ECHOED = (
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "StoppingCondition",
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "RoleArn",
    "ExperimentConfig",
)

# Members of the description that ListProcessingJobs has too.
_SUMMARY = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)


class ProcessingJobs(Jobs):
    """All processing jobs of one local SageMaker. Safe for several threads."""

    def __init__(self, context: Context, on_change: Callable[[str, str], None]) -> None:
        """`on_change(name, status)` is told of each job that ended: see `Jobs.poll`."""
        super().__init__(context, _KIND, on_change)

    def create(self, request: Document) -> str:
        """Start a processing job; returns its ARN. The request is validated against the model already.

        Raises:
            ValidationException, ResourceLimitExceeded: see `processing_rules.check_processing_job`.
            ResourceInUse: the name is taken.
        """
        check_processing_job(request, self._context)
        launch = Launch.of(self._context, request["AppSpecification"]["ImageUri"])
        return self._create(request["ProcessingJobName"], request, launch.to_json())

    def describe(self, name: str) -> Document:
        """The DescribeProcessingJob response.

        Raises:
            ValidationException: there is no such job.
        """
        job = self._job(name)
        document = job.read_request() or {}
        return _description(document, self._settled(job), job.stop_file.exists())

    def list_jobs(self, request: Document) -> Document:
        """The ListProcessingJobs response."""
        return list_page(self._entries(), request, "ProcessingJobSummaries", descending=True)

    def _entries(self) -> Iterator[Entry]:
        for job in self._jobs():
            document = job.read_request()
            if document is None:
                continue
            status = self._settled(job)
            description = _description(document, status, job.stop_file.exists())
            summary = {member: description[member] for member in _SUMMARY if member in description}
            yield Entry(
                job.name, document["created_at"], status.modified_at, description["ProcessingJobStatus"], summary
            )


def _description(document: Mapping[str, Any], status: JobStatus, asked_to_stop: bool) -> Document:
    request = document["request"]
    stopping = asked_to_stop and not status.is_terminal
    described: Document = {
        "ProcessingJobName": request["ProcessingJobName"],
        "ProcessingJobArn": document["arn"],
        "ProcessingJobStatus": "Stopping" if stopping else status.status,
        "CreationTime": as_datetime(document["created_at"]),
        "LastModifiedTime": as_datetime(status.modified_at),
        **{member: request[member] for member in _ECHOED if member in request},
    }
    if status.training_started_at is not None:
        described["ProcessingStartTime"] = as_datetime(status.training_started_at)
    if status.ended_at is not None:
        described["ProcessingEndTime"] = as_datetime(status.ended_at)
    if status.failure_reason is not None:
        described["FailureReason"] = status.failure_reason
    if status.exit_message is not None:
        described["ExitMessage"] = status.exit_message
    return described
