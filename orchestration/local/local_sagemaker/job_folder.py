"""The folder of one job and its status: what whoever asks (`jobs.py`) and the job's own program have in common.

    <name>/request.json     the request, and how to carry it out; written before the folder gets its name
    <name>/status.json      status, transitions, metrics, failure reason; replaced at each change
    <name>/owner.json       identities of the job's program and of its container
    <name>/owner.lock       locked as long as that program lives
    <name>/stop             its presence asks the program to stop the job
    <name>/announced        its presence says that the end of the job was announced
    <name>/log.txt          what the container wrote        <name>/supervisor.log  empty, unless the program broke
    <name>/metrics.jsonl    numbers found in that output, one JSON object a line, while the job runs
    <name>/ml/              what the container finds under its root
    <name>/trials.json      a tuning job's own: its training jobs (`trials.py`); it has no container

Only the holder of `owner.lock` writes status.json. Times are seconds since the epoch. Status names are those of
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.local.files import StateFileError, read_json, write_json_atomic
from orchestration.local.processes import ProcessIdentity

FORMAT_VERSION = 1
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
MAX_FAILURE_REASON_CHARS = 1024  # FailureReason in the service model
CONTAINER_ROOT_VARIABLE = "SAGEBUILD_CONTAINER_ROOT"


def now() -> float:
    """The time in seconds since the epoch, to the millisecond as the service keeps times.

    So a time that was answered as a datetime and comes back in a filter is the very same number.
    """
    return round(time.time(), 3)


@dataclass(frozen=True, slots=True)
class Transition:
    """One secondary status and when it held; `ended_at` is None while it does."""

    status: str
    started_at: float
    ended_at: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """The last value of a metric and when it was read."""

    name: str
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where a job is.

    Attributes:
        status: TrainingJobStatus; a processing or tuning job has the same, by other names.
        secondary: SecondaryStatus.
        transitions: the secondary statuses so far, oldest first.
        modified_at: when the status last changed.
        training_started_at: when the container was started; None before.
        ended_at: when the job became terminal; None before.
        failure_reason: why it failed, at most 1,024 characters.
        metrics: the last value of each metric, once the container has ended.
        exit_message: what a processing container left in output/message, at most 1,024 characters.
    """

    status: str
    secondary: str
    transitions: tuple[Transition, ...]
    modified_at: float
    training_started_at: float | None = None
    ended_at: float | None = None
    failure_reason: str | None = None
    metrics: tuple[Metric, ...] = ()
    exit_message: str | None = None

    @classmethod
    def created(cls, at: float) -> JobStatus:
        """The status of a job that nobody works on yet."""
        return cls("InProgress", "Starting", (Transition("Starting", at, None, "Preparing the job"),), at)

    @property
    def is_terminal(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in TERMINAL

    def moved(self, status: str, secondary: str, message: str = "") -> JobStatus:
        """The status after a change that happens now."""
        # The clock may have been set back since; a transition still does not end before it began.
        at = max(now(), self.modified_at)
        past = self.transitions
        if past:
            past = (*past[:-1], replace(past[-1], ended_at=at))
        ended = status in TERMINAL
        return replace(
            self,
            status=status,
            secondary=secondary,
            transitions=(*past, Transition(secondary, at, at if ended else None, message)),
            modified_at=at,
            ended_at=at if ended else None,
        )

    def failed(self, reason: str) -> JobStatus:
        """The status after a failure that is found now."""
        cut = reason[:MAX_FAILURE_REASON_CHARS]
        return replace(self.moved("Failed", "Failed", cut), failure_reason=cut)

    def to_json(self) -> dict[str, Any]:
        """As status.json keeps it."""
        return {
            "version": FORMAT_VERSION,
            "status": self.status,
            "secondary": self.secondary,
            "modified_at": self.modified_at,
            "training_started_at": self.training_started_at,
            "ended_at": self.ended_at,
            "failure_reason": self.failure_reason,
            "transitions": [[each.status, each.started_at, each.ended_at, each.message] for each in self.transitions],
            "metrics": [[each.name, each.value, each.at] for each in self.metrics],
            "exit_message": self.exit_message,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> JobStatus:
        """From what `to_json` gave.

        Raises:
            KeyError, TypeError: not such a document.
        """
        return cls(
            status=document["status"],
            secondary=document["secondary"],
            modified_at=document["modified_at"],
            training_started_at=document["training_started_at"],
            ended_at=document["ended_at"],
            failure_reason=document["failure_reason"],
            transitions=tuple(Transition(*each) for each in document["transitions"]),
            metrics=tuple(Metric(*each) for each in document["metrics"]),
            exit_message=document.get("exit_message"),  # files from before there were processing jobs lack it
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """The processes that work on a job. The container leads a process group in the supervisor's session."""

    supervisor: ProcessIdentity
    container: ProcessIdentity | None = None


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Paths and records of one job (layout: see the module's docstring)."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def lock_file(self) -> Path:
        return self.path / "owner.lock"

    @property
    def log_file(self) -> Path:
        return self.path / "log.txt"

    @property
    def supervisor_log_file(self) -> Path:
        return self.path / "supervisor.log"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def stop_file(self) -> Path:
        return self.path / "stop"

    @property
    def announced_file(self) -> Path:
        return self.path / "announced"

    @property
    def status_file(self) -> Path:
        return self.path / "status.json"

    @property
    def trials_file(self) -> Path:
        return self.path / "trials.json"

    @property
    def ml(self) -> Path:
        return self.path / "ml"

    def read_request(self) -> dict[str, Any] | None:
        """What `write_request` kept; None when there is no such job."""
        return read_json(self.path / "request.json")

    def write_request(self, document: Mapping[str, Any]) -> None:
        """Keep the request and how to carry it out (`training.TrainingJobs` says what is in it)."""
        write_json_atomic(self.path / "request.json", {"version": FORMAT_VERSION, **document})

    def read_status(self) -> JobStatus | None:
        """The status as last written; None when there is no such job.

        Raises:
            StateFileError: the file holds something else.
        """
        document = read_json(self.status_file)
        if document is None:
            return None
        try:
            return JobStatus.from_json(document)
        except (KeyError, TypeError) as error:
            raise StateFileError(f"{self.status_file} does not hold a job's status: {error!r}") from error

    def write_status(self, status: JobStatus) -> None:
        """Replace the status; only for the holder of the lock."""
        write_json_atomic(self.status_file, status.to_json())

    def read_owner(self) -> Owner | None:
        """Who works on the job or did; None when nobody ever has."""
        document = read_json(self.path / "owner.json")
        if document is None:
            return None
        container = document.get("container")
        return Owner(
            ProcessIdentity.from_json(document["supervisor"]),
            None if container is None else ProcessIdentity.from_json(container),
        )

    def write_owner(self, owner: Owner) -> None:
        """Say who works on the job."""
        container = None if owner.container is None else owner.container.to_json()
        write_json_atomic(
            self.path / "owner.json",
            {"version": FORMAT_VERSION, "supervisor": owner.supervisor.to_json(), "container": container},
        )
