"""Builds, the pipeline that carries them, the settings they run with, the notices about them, and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestration.builds import Build, BuildKind, BuildStatus, Json, Requester, Service


class Clock(Protocol):
    """Time. Tests set it; production reads it."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds (at once in tests)."""
        ...


@dataclass(frozen=True)
class NewBuild:
    """What `Builds.create` writes: a build before it has a number."""

    kind: BuildKind
    service: Service
    requester: Requester
    execution_name: str
    created_at: datetime
    dataset_version: str = ""
    hyperparameters: Mapping[str, Json] = field(default_factory=dict)
    overrides: Mapping[str, Json] = field(default_factory=dict)
    ranges: Mapping[str, Json] = field(default_factory=dict)
    source: int | None = None


@dataclass(frozen=True)
class Change:
    """A change of a build's status and what is learned with it. Mappings are merged into the record's, key by key.

    to: None is facts only, refused once the build has ended. The status that the build already has is not a transition:
    facts are merged, nothing is added to the timeline and nothing is announced, so that a step that runs twice leaves
    the record as if it had run once. resumes: to QUEUED from a status of RESUMABLE; error and cause are forgotten.
    """

    to: BuildStatus | None
    at: datetime
    resumes: bool = False
    note: str = ""
    image: str | None = None
    hyperparameters: Mapping[str, Json] | None = None
    settings: Mapping[str, Json] | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    verdict: Mapping[str, Json] = field(default_factory=dict)
    report: Mapping[str, Json] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Announcement:
    """One line of the outbox: a build reached a status.

    id: unique per line of a build's timeline. sequence: the line's index in the timeline, by which a subscriber can put
    messages in order that arrive out of it. build: the record as it was then.
    """

    id: str
    sequence: int
    build: Build


class Builds(Protocol):
    """Every build's record. Safe for concurrent use.

    `get` and `by_execution` see every write that was answered; `latest` reads an index, which may lag behind by a
    moment. The cost of a read does not grow with the number of builds: one request for `get`, two for `by_execution`,
    one for `latest` per 25 builds looked at.
    """

    def create(self, new: NewBuild) -> tuple[Build, bool]:
        """The build of `new.execution_name` and whether this call made it.

        One transaction writes the claim of the execution name, the next number (1, 2, 3 ... without gaps) and the
        QUEUED record. A second call with the same execution name, also at the same time, returns the first one's build.
        Raises Unavailable when the number stayed contended.
        """
        ...

    def get(self, number: int) -> Build:
        """Raises UnknownBuild, naming the latest number there is."""
        ...

    def by_execution(self, execution_name: str) -> Build:
        """Raises UnknownBuild."""
        ...

    def latest(
        self,
        limit: int = 1,
        *,
        person: str | None = None,
        place: str | None = None,
        service: Service | None = None,
        statuses: frozenset[BuildStatus] | None = None,
        before: int | None = None,
    ) -> list[Build]:
        """The newest builds first, at most `limit` (1..100), older than build `before` when given.

        At most one of person, place and service is given; each is an index. `place` is the requester's place or
        conversation. `statuses` filters the newest 100 that the index gives, and no more.
        """
        ...

    def apply(self, number: int, change: Change) -> Build:
        """The record after the change, in one conditional write with its outbox line.

        Only `orchestration/steps/record.py` calls this. Raises UnknownBuild, and TransitionRefused when TRANSITIONS
        does not list the change from the status that the build has when the write happens.
        """
        ...

    def unannounced(self, limit: int = 25) -> list[Announcement]:
        """The outbox: what is still to be announced, each build's lines in order."""
        ...

    def take_announcement(self, announcement: Announcement, until: datetime) -> bool:
        """True when this caller may announce it until then; False when another holds it or it was announced."""
        ...

    def release_announcement(self, announcement: Announcement) -> None:
        """It could not be published: let the next caller take it at once."""
        ...

    def announced(self, announcement: Announcement) -> None:
        """It was published: remove it from the outbox. Doing so twice is fine."""
        ...


@dataclass(frozen=True)
class Execution:
    """How an execution of the state machine stands. status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    arn: str
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    error: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Training:
    """A training job that completed. metrics: the last value of each; image: by digest where the service says it."""

    job: str
    image: str
    artifact: str
    hyperparameters: Mapping[str, str]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning. objective: None while it has none. seconds: how long it trained."""

    job: str
    status: str
    hyperparameters: Mapping[str, str]
    objective: float | None
    seconds: float = 0.0
    artifact: str = ""


class Pipeline(Protocol):
    """Executions of the state machine, their task tokens, and the jobs that they run."""

    def start(self, build: Build) -> None:
        """Start the build's current execution, with input made from the record alone.

        Starting it again does nothing, also after it ended. Raises Unavailable.
        """
        ...

    def stop(self, build: Build, cause: str) -> None:
        """Abort the build's current execution; its running job is stopped with it. One that ended, or was never
        started, is left as it is."""
        ...

    def describe(self, build: Build) -> Execution:
        """The build's current execution. Raises UnknownExecution."""
        ...

    def states_entered(self, build: Build) -> list[str]:
        """The names of the states that the build's current execution has entered, in order. Raises UnknownExecution."""
        ...

    def complete(self, task_token: str, output: Mapping[str, Json]) -> None:
        """Let the waiting state go on. A token that was used or has expired is ignored."""
        ...

    def fail(self, task_token: str, error: str, cause: str) -> None:
        """Let the waiting state fail. A token that was used or has expired is ignored."""
        ...

    def stop_jobs(self, build: Build) -> None:
        """Stop those of the build's jobs that still run. Doing so twice is fine."""
        ...

    def progress(self, build: Build) -> Mapping[str, float]:
        """The newest value of each metric that the build's running or last job has printed; empty when none yet."""
        ...

    def training(self, job: str) -> Training:
        """A completed training job. Raises BadRequest when there is none of that name, or it left no model."""
        ...

    def trials(self, build: Build, limit: int = 100) -> list[Trial]:
        """The training jobs of the build's tuning, best first (those without an objective last); empty when none."""
        ...


class Settings(Protocol):
    """An environment's settings document. `orchestration/settings.py` says what is in it."""

    def load(self) -> Mapping[str, Json]:
        """The stored overrides of the defaults; empty when none were stored. Raises BadSettings when it is not JSON."""
        ...

    def save(self, document: Mapping[str, Json]) -> int:
        """Store it as the next version; the version's number."""
        ...


class Notices(Protocol):
    """The notification topic."""

    def publish(self, subject: str, body: Mapping[str, Json], attributes: Mapping[str, str]) -> None:
        """Publish one JSON message. subject: at most 100 printable ASCII characters. Raises Unavailable."""
        ...
