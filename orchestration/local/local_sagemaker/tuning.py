"""Tuning jobs as whoever asks sees them: create, describe, list, delete; `jobs.py` has what all kinds of jobs share.

The work is done by `tuner.py`, one process a job, which is started again when it was killed; between the two stands the
job's folder (`job_folder.py`) with what was tried (`trials.py`). Shapes:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.local.files import FileLock, read_json, write_json_atomic
from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.errors import ResourceNotFound, ValidationException
from orchestration.local.local_sagemaker.job_folder import FORMAT_VERSION, JobFolder, JobStatus
from orchestration.local.local_sagemaker.jobs import UNFINISHED_PREFIX, Jobs, Kind
from orchestration.local.local_sagemaker.listing import OBJECTIVE, Entry, list_page
from orchestration.local.local_sagemaker.training import TrainingJobs
from orchestration.local.local_sagemaker.trials import (
    PLANNED,
    Trial,
    best,
    counters,
    not_improving,
    read_trials,
    summary,
    trials_from_json,
    trials_to_json,
    without_series,
)
from orchestration.local.local_sagemaker.tuning_rules import check_tuning_job, check_warm_start, objective_of

_KIND = Kind(
    arn="hyper-parameter-tuning-job",
    folder="tuning-jobs",
    prefix="HyperParameterTuningJob",
    words="tuning job",
    program="orchestration.local.local_sagemaker.tuner",
)
_MAX_FRUITLESS_STARTS = 10  # a tuner that ends so often without having done anything will never do anything
_SEED_BITS = 31

# Members of the request that DescribeHyperParameterTuningJob gives back as they came.
_ECHOED = ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "WarmStartConfig")

# Members of the description that ListHyperParameterTuningJobs has too.
_SUMMARY = (
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobArn",
    "HyperParameterTuningJobStatus",
    "CreationTime",
    "HyperParameterTuningEndTime",
    "LastModifiedTime",
    "TrainingJobStatusCounters",
    "ObjectiveStatusCounters",
)


class TuningJobs(Jobs):
    """All tuning jobs of one local SageMaker. Safe for several threads."""

    def __init__(self, context: Context, training: TrainingJobs, on_change: Callable[[str, str], None]) -> None:
        """`training` are the jobs that tuners create; `on_change(name, status)` is told of each job that ended."""
        super().__init__(context, _KIND, on_change)
        self._training = training
        self._followed: set[str] = set()

    def create(self, request: Document) -> str:
        """Start a tuning job; returns its ARN. The request is validated against the model already.

        Raises:
            ValidationException, ResourceLimitExceeded: see `tuning_rules.check_tuning_job`, and its parent jobs.
            ResourceInUse: the name is taken.
        """
        check_tuning_job(request, self._context)
        parents = self._parents(request)
        seed = request["HyperParameterTuningJobConfig"].get("RandomSeed")
        return self._create(
            request["HyperParameterTuningJobName"],
            request,
            self._context.to_json(),
            seed=int.from_bytes(os.urandom(4), "big") >> (32 - _SEED_BITS) if seed is None else seed,
            parents=parents,
        )

    def describe(self, name: str) -> Document:
        """The DescribeHyperParameterTuningJob response.

        Raises:
            ResourceNotFound: there is no such job.
        """
        return self._description(self._job(name))

    def delete(self, name: str) -> None:
        """Forget a tuning job that has ended; its training jobs stay.

        Raises:
            ResourceNotFound: there is no such job.
            ValidationException: it has not ended.
        """
        job = self._job(name)
        status = self._settled(job)
        if not status.is_terminal:
            raise ValidationException(f"The tuning job {name} is {status.status}; stop it before it is deleted.")
        gone = self._folder / f"{UNFINISHED_PREFIX}{os.getpid()}-{os.urandom(6).hex()}"
        job.path.rename(gone)
        shutil.rmtree(gone)
        self._forget(name)

    def list_jobs(self, request: Document) -> Document:
        """The ListHyperParameterTuningJobs response."""
        return list_page(self._entries(), request, "HyperParameterTuningJobSummaries", descending=True)

    def list_training_jobs(self, request: Document) -> Document:
        """The ListTrainingJobsForHyperParameterTuningJob response; by objective, only those that have one are listed.

        Raises:
            ResourceNotFound: there is no such job.
        """
        job = self._job(request["HyperParameterTuningJobName"])
        objective = objective_of((job.read_request() or {})["request"])
        ordered = {"SortBy": "Name", **request}
        entries = [
            Entry(
                trial.name,
                trial.created_at or 0.0,
                trial.ended_at or trial.created_at or 0.0,
                trial.status,
                summary(trial, self._training.arn(trial.name), objective),
                trial.objective,
            )
            for trial in read_trials(job.trials_file)
            if trial.status != PLANNED and (ordered["SortBy"] != OBJECTIVE or trial.objective_status == "Succeeded")
        ]
        return list_page(entries, ordered, "TrainingJobSummaries", descending=False)

    def poll(self) -> None:
        """See `Jobs.poll`; also sees to it that the ends of the tuners' training jobs are announced."""
        with self._lock:
            running = list(self._unannounced)
        for name in running:
            for trial in read_trials(self._folder / name / "trials.json"):
                if trial.status != PLANNED and trial.name not in self._followed:
                    self._followed.add(trial.name)
                    self._training.expect_end(trial.name)
        super().poll()

    def _abandoned(self, job: JobFolder, status: JobStatus, lock: FileLock) -> JobStatus:
        """A tuner that was killed is started again and goes on, unless it comes to nothing again and again."""
        trials = read_trials(job.trials_file)
        path, done = job.path / "restarts.json", trials_to_json(trials)
        before = read_json(path) or {"count": 0, "trials": None}
        count = before["count"] + 1 if before["trials"] == done else 1
        if count > _MAX_FRUITLESS_STARTS:
            self._stop_training(trials)
            failed = status.failed(f"InternalServerError: the tuner's process ended unexpectedly {count} times")
            job.write_status(failed)
            return failed
        write_json_atomic(path, {"version": FORMAT_VERSION, "count": count, "trials": done})
        self._start(job, lock)
        return job.read_status() or status

    def _stop_training(self, trials: list[Trial]) -> None:
        for trial in trials:
            if not trial.has_ended and trial.status != PLANNED:
                try:
                    self._training.stop(trial.name)
                except ValidationException:
                    continue  # it has ended, or is gone

    def _not_found(self, name: str) -> Exception:
        return ResourceNotFound(f"Amazon SageMaker can't find a tuning job with the name {name!r}.")

    def _parents(self, request: Document) -> list[Document]:
        """What the parent jobs of a warm start have tried, as the new job keeps it."""
        found: list[Document] = []
        for each in request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", []):
            if "HyperParameterTuningJobName" not in each:
                raise ValidationException("A parent job needs its HyperParameterTuningJobName.")
            name: str = each["HyperParameterTuningJobName"]
            try:
                job = self._job(name)
            except ResourceNotFound as error:
                raise ValidationException(f"WarmStartConfig: there is no tuning job {name!r}.") from error
            status = self._settled(job)
            check_warm_start(request, (job.read_request() or {})["request"], status.status)
            tried = trials_to_json(without_series(trial) for trial in read_trials(job.trials_file))
            found += [{"tuning_job": name, "trial": trial} for trial in tried]
        return found

    def _entries(self) -> Iterator[Entry]:
        for job in self._jobs():
            if job.read_request() is None:
                continue
            described = self._description(job)
            config = described["HyperParameterTuningJobConfig"]
            shown = {member: described[member] for member in _SUMMARY if member in described}
            shown |= {"Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]}
            created, modified = described["CreationTime"], described["LastModifiedTime"]
            status = described["HyperParameterTuningJobStatus"]
            yield Entry(job.name, created.timestamp(), modified.timestamp(), status, shown)

    def _description(self, job: JobFolder) -> Document:
        document = job.read_request() or {}
        # The status first: once it is terminal the trials do not change any more.
        status = self._settled(job)
        trials = read_trials(job.trials_file)
        request = document["request"]
        stopping = job.stop_file.exists() and not status.is_terminal
        moments = [moment for trial in trials for moment in (trial.created_at, trial.ended_at) if moment is not None]
        modified_at = max([status.modified_at, *moments])
        described: Document = {
            "HyperParameterTuningJobName": job.name,
            "HyperParameterTuningJobArn": document["arn"],
            "HyperParameterTuningJobStatus": "Stopping" if stopping else status.status,
            "CreationTime": as_datetime(document["created_at"]),
            "LastModifiedTime": as_datetime(modified_at),
            "ConsumedResources": {"RuntimeInSeconds": round(modified_at - document["created_at"])},
            **counters(trials),
            **{member: request[member] for member in _ECHOED if member in request},
            **self._bests(document, trials),
        }
        if status.ended_at is not None:
            described["HyperParameterTuningEndTime"] = as_datetime(status.ended_at)
        if status.failure_reason is not None:
            described["FailureReason"] = status.failure_reason
        if "BestObjectiveNotImproving" in request["HyperParameterTuningJobConfig"].get(
            "TuningJobCompletionCriteria", {}
        ):
            count = not_improving(trials, objective_of(request))
            described["TuningJobCompletionDetails"] = {"NumberOfTrainingJobsObjectiveNotImproving": count}
        return described

    def _bests(self, document: Mapping[str, Any], trials: list[Trial]) -> Document:
        """BestTrainingJob and, after a warm start with the same data and algorithm, OverallBestTrainingJob."""
        request = document["request"]
        objective = objective_of(request)
        found: Document = {}
        own = best(trials, objective)
        if own is not None:
            found["BestTrainingJob"] = summary(own, self._training.arn(own.name), objective)
        if request.get("WarmStartConfig", {}).get("WarmStartType") == "IdenticalDataAndAlgorithm":
            names = {each["trial"]["name"]: each["tuning_job"] for each in document["parents"]}
            parents = trials_from_json(each["trial"] for each in document["parents"])
            overall = best([*trials, *parents], objective)
            if overall is not None:
                tuning_job = names.get(overall.name, request["HyperParameterTuningJobName"])
                arn = self._training.arn(overall.name)
                found["OverallBestTrainingJob"] = summary(overall, arn, objective, tuning_job)
        return found
