"""Training jobs as whoever asks sees them: create, describe, stop, list, and noticing how they end.

The work is done by `supervisor.py`, one process a job; between the two stands the job's folder (`job_folder.py`). So
this class keeps nothing in memory but the names of jobs whose end was not announced yet, and another engine may go on
with the same folder. Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestration.local.files import FileLock
from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.errors import ResourceInUse, ValidationException
from orchestration.local.local_sagemaker.job_folder import (
    CONTAINER_ROOT_VARIABLE,
    JobFolder,
    JobStatus,
    Metric,
    Transition,
    now,
)
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.metrics import read_series
from orchestration.local.local_sagemaker.rules import check_training_job
from orchestration.local.local_sagemaker.supervisor import Launch
from orchestration.local.processes import clean_environment, find_by_environment, kill, spawn

_log = logging.getLogger(__name__)

_KIND = "training-job"
_UNFINISHED_PREFIX = ".new-"
_DEFAULT_STOPPING_CONDITION = {"MaxRuntimeInSeconds": 86_400}
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_RETRY_S = 1.0  # after a failed announcement
_OWNERS_POLL_S = 0.5  # how often it is looked whether the supervisors live
_SUPERVISOR = "orchestration.local.local_sagemaker.supervisor"

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


class TrainingJobs:
    """All training jobs of one local SageMaker. Safe for several threads."""

    def __init__(self, context: Context, on_change: Callable[[str, str], None]) -> None:
        """`on_change(name, status)` is told of each job that ended: see `poll`."""
        self._context = context
        self._folder = context.folder / "training-jobs"
        self._on_change = on_change
        self._lock = threading.Lock()
        self._owners_due_at = 0.0
        self._unannounced: dict[str, float] = {}  # name -> not to be looked at before this time.monotonic()

    def create(self, request: Document) -> str:
        """Start a training job; returns its ARN. The request is validated against the model already.

        Raises:
            ValidationException, ResourceLimitExceeded: see `rules.check_training_job`.
            ResourceInUse: the name is taken.
        """
        check_training_job(request, self._context)
        name: str = request["TrainingJobName"]
        arn = self._context.arn(_KIND, name)
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = JobFolder(self._folder / f"{_UNFINISHED_PREFIX}{os.getpid()}-{os.urandom(6).hex()}")
        draft.path.mkdir()
        created_at = now()
        draft.write_request(
            {"arn": arn, "created_at": created_at, "request": request, "launch": self._launch(request).to_json()}
        )
        draft.write_status(JobStatus.created(created_at))
        # Locked before anybody can see the job, and by the supervisor from then on: at no time does it look abandoned.
        with FileLock.lock(draft.lock_file, timeout_s=1.0) as lock:
            try:
                draft.path.rename(self._folder / name)
            except OSError as error:
                shutil.rmtree(draft.path)
                if not (self._folder / name).exists():
                    raise
                raise ResourceInUse(
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                    f"name already exists ({arn})"
                ) from error
            self._start(JobFolder(self._folder / name), lock)
        self._expect_end(name)
        return arn

    def describe(self, name: str) -> Document:
        """The DescribeTrainingJob response.

        Raises:
            ValidationException: there is no such job.
        """
        job = self._job(name)
        document = job.read_request() or {}
        return _description(document, self._settled(job), job.stop_file.exists())

    def status(self, name: str) -> JobStatus:
        """The status as the job's folder has it: one small file is read.

        Raises:
            ValidationException: there is no such job.
        """
        status = self._job(name).read_status()
        if status is None:
            raise _not_found()
        return status

    def stop(self, name: str) -> None:
        """Ask a job to stop: it gets SIGTERM, and SIGKILL after its grace. A job that is stopping already goes on so.

        Raises:
            ValidationException: there is no such job, or it has ended.
        """
        job = self._job(name)
        status = self._settled(job)
        if status.is_terminal:
            raise ValidationException(
                f"The request was rejected because the training job is in status {status.status}."
            )
        job.stop_file.touch()

    def list_jobs(self, request: Document) -> Document:
        """The ListTrainingJobs response."""
        return list_page(self._entries(), request, "TrainingJobSummaries", descending=False)

    def tags(self, name: str) -> list[dict[str, str]]:
        """The tags that the job was created with.

        Raises:
            ValidationException: there is no such job.
        """
        document = self._job(name).read_request() or {}
        tags: list[dict[str, str]] = document["request"].get("Tags", [])
        return tags

    def metrics(self, name: str) -> list[Metric]:
        """Every metric value so far, oldest first, also while the job runs.

        Raises:
            ValidationException: there is no such job.
        """
        return read_series(self._job(name).metrics_file)

    def log_file(self, name: str) -> Path:
        """Where the container's output is kept; the file exists once the container was started.

        Raises:
            ValidationException: there is no such job.
        """
        return self._job(name).log_file

    def resume(self) -> None:
        """Take up the folder of an engine that ended, however it did: once, before anything else is asked here.

        Jobs whose process lives just go on. Jobs that were created and never started are started now. Jobs that ended
        meanwhile, or lost their process, are announced by the next `poll`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob(f"{_UNFINISHED_PREFIX}*"):
            lock = FileLock.try_lock(path / "owner.lock")
            if lock is not None:
                shutil.rmtree(path)
                lock.release()
        for job in self._jobs():
            if not job.announced_file.exists():
                self._start_if_never_started(job)
                self._expect_end(job.name)

    def poll(self) -> None:
        """Look at the jobs whose end was not announced, and tell `on_change(name, status)` of those that have ended.

        Each end is announced once; twice only when the engine is killed between telling and noting that it told. When
        `on_change` fails, the failure is logged and it is told again a second later.
        """
        moment = time.monotonic()
        with self._lock:
            due = [name for name, not_before in self._unannounced.items() if not_before <= moment]
        look_for_owners = moment >= self._owners_due_at
        if look_for_owners:
            self._owners_due_at = moment + _OWNERS_POLL_S
        for name in due:
            try:
                self._announce_if_ended(JobFolder(self._folder / name), look_for_owners)
            except Exception:
                _log.exception("the end of the training job %s could not be announced", name)
                self._expect_end(name, delay_s=_RETRY_S)

    def _announce_if_ended(self, job: JobFolder, look_for_owner: bool) -> None:
        status = self._settled(job) if look_for_owner else job.read_status()
        if status is not None and status.is_terminal:
            self._on_change(job.name, status.status)
            job.announced_file.touch()
            with self._lock:
                self._unannounced.pop(job.name, None)

    def _expect_end(self, name: str, delay_s: float = 0.0) -> None:
        with self._lock:
            self._unannounced[name] = time.monotonic() + delay_s

    def _start_if_never_started(self, job: JobFolder) -> None:
        lock = FileLock.try_lock(job.lock_file)
        if lock is None:
            return
        with lock:
            status = job.read_status()
            if status is not None and not status.is_terminal and job.read_owner() is None:
                self._start(job, lock)

    def _start(self, job: JobFolder, lock: FileLock) -> None:
        try:
            spawn(
                [sys.executable, "-m", _SUPERVISOR, str(job.path), "--lock-descriptor", str(lock.descriptor)],
                cwd=_PACKAGE_ROOT,
                env=clean_environment({}),
                log_path=job.supervisor_log_file,
                pass_fds=[lock.descriptor],
            )
        except OSError as error:
            job.write_status(JobStatus.created(now()).failed(f"InternalServerError: no process: {error}"))

    def _launch(self, request: Document) -> Launch:
        return Launch(
            argv=self._context.argv(request["AlgorithmSpecification"]["TrainingImage"]),
            cwd=self._context.cwd,
            environment=self._context.container_environment(),
            objects=self._context.objects.location,
            slots=self._context.folder / "slots",
            max_parallel=self._context.max_parallel_jobs,
            stop_grace_s=self._context.stop_grace_s,
        )

    def _settled(self, job: JobFolder) -> JobStatus:
        """The status, after recording the failure of a job whose supervisor was killed."""
        status = job.read_status()
        if status is None:
            raise _not_found()
        if status.is_terminal:
            return status
        lock = FileLock.try_lock(job.lock_file)
        if lock is None:
            return status
        with lock:
            # It may have ended between the two looks. Under the lock it cannot change, so a failure is recorded once.
            status = job.read_status() or status
            if not status.is_terminal:
                _kill_container(job)
                status = status.failed("InternalServerError: the job's process ended unexpectedly")
                job.write_status(status)
        return status

    def _job(self, name: str) -> JobFolder:
        job = JobFolder(self._folder / name)
        document = job.read_request()
        # A file system that ignores case finds other names too.
        if document is None or document["request"]["TrainingJobName"] != name:
            raise _not_found()
        return job

    def _jobs(self) -> Iterator[JobFolder]:
        if self._folder.is_dir():
            for path in sorted(self._folder.iterdir()):
                if not path.name.startswith("."):
                    yield JobFolder(path)

    def _entries(self) -> Iterator[Entry]:
        for job in self._jobs():
            document = job.read_request()
            if document is None:
                continue
            status = self._settled(job)
            description = _description(document, status, job.stop_file.exists())
            summary = {member: description[member] for member in _SUMMARY if member in description}
            yield Entry(job.name, document["created_at"], status.modified_at, description["TrainingJobStatus"], summary)


def _not_found() -> ValidationException:
    return ValidationException("Requested resource not found.")


def _kill_container(job: JobFolder) -> None:
    """End what a killed supervisor left behind: its container, known by identity, and whatever has its root."""
    owner = job.read_owner()
    if owner is not None and owner.container is not None:
        kill(owner.container)
    root = str(job.ml)
    for identity, _ in find_by_environment(CONTAINER_ROOT_VARIABLE, lambda value: value == root):
        kill(identity)


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
