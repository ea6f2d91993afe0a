"""Build: one execution of the state machine, its status and the transitions it may make, and every name made from it.

Standard library only. `orchestration/ports/` says how builds are kept; `orchestration/steps/record.py` is the only
writer of a status.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# At most 8 characters, because CreateHyperParameterTuningJob takes a name of 32: see `build_prefix`.
ENVIRONMENT_NAME = re.compile(r"[a-z0-9]{1,8}")

# The variant of every endpoint: stable, so that autoscaling and deployment guardrails survive an update.
VARIANT = "main"


class BuildKind(StrEnum):
    """What a build is for."""

    TRAIN = "train"
    TUNE = "tune"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class BuildStatus(StrEnum):
    """Where a build is. The order of the working ones is the order of the state machine."""

    QUEUED = "QUEUED"
    BUILDING_IMAGE = "BUILDING_IMAGE"
    PREPARING_DATA = "PREPARING_DATA"
    TUNING = "TUNING"
    TRAINING = "TRAINING"
    EVALUATING = "EVALUATING"
    REGISTERING = "REGISTERING"
    WAITING_FOR_APPROVAL = "WAITING_FOR_APPROVAL"
    DEPLOYING = "DEPLOYING"
    READY = "READY"
    TUNED = "TUNED"
    TRAINED = "TRAINED"
    REJECTED = "REJECTED"
    STOPPED = "STOPPED"
    ERROR = "ERROR"
    ENDPOINT_DELETED = "ENDPOINT_DELETED"


WORKING = (
    BuildStatus.QUEUED,
    BuildStatus.BUILDING_IMAGE,
    BuildStatus.PREPARING_DATA,
    BuildStatus.TUNING,
    BuildStatus.TRAINING,
    BuildStatus.EVALUATING,
    BuildStatus.REGISTERING,
    BuildStatus.WAITING_FOR_APPROVAL,
    BuildStatus.DEPLOYING,
)
ENDED = frozenset(BuildStatus) - frozenset(WORKING)


def _transitions() -> dict[BuildStatus, frozenset[BuildStatus]]:
    """From each status to those it may become: forward along the machine, or to an end."""
    table: dict[BuildStatus, frozenset[BuildStatus]] = {}
    ends = {BuildStatus.STOPPED, BuildStatus.ERROR}
    outcomes = {BuildStatus.READY, BuildStatus.TUNED, BuildStatus.TRAINED, BuildStatus.REJECTED}
    for index, status in enumerate(WORKING):
        later = set(WORKING[index + 1 :])
        table[status] = frozenset(later | ends | (outcomes if status is not BuildStatus.QUEUED else set()))
    table.update({status: frozenset() for status in ENDED})
    table[BuildStatus.READY] = frozenset({BuildStatus.ENDPOINT_DELETED})
    return table


TRANSITIONS: Mapping[BuildStatus, frozenset[BuildStatus]] = _transitions()
# A failed or stopped build queues again only when somebody resumes it: never by a step that comes late.
RESUMABLE = frozenset({BuildStatus.ERROR, BuildStatus.STOPPED})


@dataclass(frozen=True)
class Environment:
    """Where things are: one deployment of SageBuild, such as dev or prod, and the names that Terraform gave there.

    Raises ValueError when the environment's name is not 1 to 8 lower-case letters and digits. It holds no hyphen, so
    that no name made from one environment begins like a name of another.
    """

    name: str
    region: str
    builds_table: str = ""
    state_table: str = ""
    data_bucket: str = ""
    state_machine_arn: str = ""
    notices_topic_arn: str = ""
    settings_parameter: str = ""
    image_prefix: str = ""

    def __post_init__(self) -> None:
        if not ENVIRONMENT_NAME.fullmatch(self.name):
            raise ValueError(f"the environment's name {self.name!r} must be 1 to 8 lower-case letters and digits")


@dataclass(frozen=True)
class Service:
    """(model, dataset name): what one champion, one gate, one endpoint and one deploy lease belong to."""

    model: str
    dataset: str

    @property
    def key(self) -> str:
        return f"{self.model}/{self.dataset}"

    @staticmethod
    def from_key(key: str) -> Service:
        model, _, dataset = key.partition("/")
        return Service(model, dataset)


@dataclass(frozen=True)
class Requester:
    """Who asked and where to answer.

    person: the person's id, linked across channels. channel: "console", "slack", "alexa", "web", "sns", "schedule".
    conversation: where an answer goes within the channel (a Slack channel and thread, a console session). place: where
    people talk together, whose latest build "the last build" may mean (a Slack channel); "" for the conversation.
    """

    person: str
    name: str
    channel: str
    conversation: str
    place: str = ""

    @property
    def place_or_conversation(self) -> str:
        return self.place or self.conversation


@dataclass(frozen=True)
class StatusChange:
    """One line of a build's timeline. `at` is UTC."""

    status: BuildStatus
    at: datetime
    note: str = ""


@dataclass(frozen=True)
class Build:
    """The record of one build. Immutable: a change is a new record from the store.

    overrides: the settings that the request changed; settings: the effective ones, once resolved. hyperparameters: by
    name, typed; the requested ones, and all of them once resolved (of a tuning: the best job's). ranges: hyperparameter
    to {"low", "high", "scale"}, of a tuning. source: the build whose model a deploy or rollback serves. metrics: by
    metric name, in the metric's unit. jobs: stage ("prepare", "train", "tune", "evaluate") to job name. verdict: what
    the gate found. report: what the preparation found in the data. artifacts: name to S3 URI. resources: "model",
    "endpoint_config", "endpoint", "package" to name or ARN. error: a literal error name; cause: a sentence. revision:
    how often the record has changed, for conditional writes.
    """

    number: int
    kind: BuildKind
    service: Service
    requester: Requester
    status: BuildStatus
    execution_name: str
    created_at: datetime
    updated_at: datetime
    dataset_version: str = ""
    image: str = ""
    hyperparameters: Mapping[str, Json] = field(default_factory=dict)
    overrides: Mapping[str, Json] = field(default_factory=dict)
    ranges: Mapping[str, Json] = field(default_factory=dict)
    source: int | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    timeline: tuple[StatusChange, ...] = ()
    jobs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    verdict: Mapping[str, Json] = field(default_factory=dict)
    report: Mapping[str, Json] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    cause: str = ""
    resume_count: int = 0
    revision: int = 0

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def origin(self) -> int:
        """The build that made the model: the source of a deploy or rollback, else this one."""
        return self.source if self.source is not None else self.number

    @property
    def current_execution(self) -> str:
        """The name of the execution that carries the build now: each time that it is resumed, a new one."""
        return f"{self.execution_name}-r{self.resume_count}" if self.resume_count else self.execution_name

    def entered(self, status: BuildStatus) -> datetime | None:
        """When the build last entered that status, or None."""
        return next((change.at for change in reversed(self.timeline) if change.status is status), None)


def execution_name(source: str, delivery_id: str) -> str:
    """The Step Functions execution's name: `<source>-` and 32 hex digits of SHA-256 of the delivery id.

    The same delivery gives the same name, so that StartExecution itself refuses to start a build twice.
    """
    return f"{source}-{hashlib.sha256(delivery_id.encode()).hexdigest()[:32]}"


def first_execution(name: str) -> str:
    """The name of the build's first execution, from that of any of its executions (see `Build.current_execution`)."""
    return re.sub(r"-r\d+$", "", name)


def build_prefix(environment: str, build: Build) -> str:
    """What the names of a build's jobs, model and endpoint configuration begin with: `<env>-b<number>-<4 hex>`.

    The digits come from the execution's name: SageMaker never takes a job's name twice, and numbers begin at 1 again
    where an environment was destroyed and made anew. A resumed build has `r<n>` behind them. With `-<stage>-<attempt>`
    it fits a tuning job's 32 characters up to ten million builds.
    """
    resumed = f"r{build.resume_count}" if build.resume_count else ""
    return f"{data_prefix(environment, build)}{resumed}"


def data_prefix(environment: str, build: Build) -> str:
    """The folder of a build's files: the same however often it is resumed, so that a checkpoint is found again."""
    digits = hashlib.sha256(build.execution_name.encode()).hexdigest()[:4]
    return f"{environment}-b{build.number}-{digits}"


def model_name(environment: str, build: Build) -> str:
    """The SageMaker model of a build."""
    return f"{build_prefix(environment, build)}-model"


def config_name(environment: str, build: Build) -> str:
    """The endpoint configuration of a build."""
    return f"{build_prefix(environment, build)}-config"


def number_of_config(environment: str, name: str) -> int | None:
    """The build whose endpoint configuration that is; None when it is not one of ours."""
    match = re.fullmatch(rf"{re.escape(environment)}-b(\d+)-[0-9a-f]{{4}}(?:r\d+)?-config", name)
    return int(match[1]) if match else None


def package_group(environment: str, service: Service) -> str:
    """The model package group of a service: every registered version of its model."""
    return endpoint_name(environment, service)


def endpoint_name(environment: str, service: Service) -> str:
    """The stable name of a service's endpoint: `<env>-<model>-<dataset>`, at most 58 characters.

    Two services never share one: neither an environment's nor a model's name holds a hyphen (a dataset's may).
    """
    return f"{environment}-{service.model}-{service.dataset}"


def service_of_endpoint(environment: str, name: str) -> Service | None:
    """The service of one of our endpoints; None when the name is not made as `endpoint_name` makes it."""
    match = re.fullmatch(rf"{re.escape(environment)}-([a-z0-9]+)-([a-z0-9-]+)", name)
    return Service(match[1], match[2]) if match else None
