"""The only starter of a build, whoever asks: a sentence, a message, a schedule or an execution begun by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.catalog import CatalogueError
from orchestration.builds import ENDED, Build, BuildKind, BuildStatus, Json, Requester, Service, execution_name
from orchestration.ports import BadRequest, NewBuild, Ports, SageBuildError, UnknownBuild
from orchestration.settings import effective
from orchestration.steps import champions
from orchestration.steps.ranges import checked_ranges, for_strategy

# What the model of a build may be deployed from: a rejected one is deployed by nobody.
DEPLOYABLE = frozenset(ENDED) - {BuildStatus.REJECTED}


@dataclass(frozen=True)
class Order:
    """What somebody asks to be built.

    model, dataset: None takes the environment's default. ranges: of a tuning, hyperparameter to {} or {"low", "high",
    "scale"}; none means every tunable one. of: the build whose model a deploy is of. settings: those that differ for
    this build. source and delivery_id name the execution.
    """

    kind: BuildKind
    model: str | None
    dataset: str | None
    hyperparameters: Mapping[str, str | int | float]
    settings: Mapping[str, Json]
    requester: Requester
    source: str
    delivery_id: str
    ranges: Mapping[str, Json] = field(default_factory=dict)
    of: int | None = None


@dataclass(frozen=True)
class Started:
    """The build, and whether this delivery made it (False: a redelivery of one that had)."""

    build: Build
    is_new: bool


def start_build(order: Order, ports: Ports) -> Started:
    """Start it, or find the build that this delivery started before.

    Everything is checked before anything is written: raises UnknownModel, BadHyperparameters, UnknownDataset,
    UnknownBuild, BadSettings, BadRequest, Conflict while deployments are frozen; Unavailable when the store or the
    state machine is away. A build whose starter died between its record and its execution is started by a redelivery,
    or by the outbox (`announce.py`), whichever comes first.
    """
    name = execution_name(order.source, order.delivery_id)
    try:
        new = _new_build(order, name, ports)
    except (SageBuildError, CatalogueError):
        # What was right when it was delivered first may be wrong by now: the dataset is gone, there is a freeze.
        build, is_new = _delivered_before(name, ports), False
        if build is None:
            raise
    else:
        build, is_new = ports.builds.create(new)
    start_if_queued(build, ports)
    return Started(build, is_new)


def _delivered_before(name: str, ports: Ports) -> Build | None:
    try:
        return ports.builds.by_execution(name)
    except UnknownBuild:
        return None


def start_if_queued(build: Build, ports: Ports) -> None:
    """Start the execution of a build that waits for one. Starting one that was started does nothing."""
    if build.status is BuildStatus.QUEUED:
        ports.pipeline.start(build)


def adopt_execution(name: str, order: Order, ports: Ports) -> Build:
    """The record of an execution that was begun by hand, with `{}` or an order as its input; made once."""
    return ports.builds.create(_new_build(order, name, ports))[0]


def _new_build(order: Order, name: str, ports: Ports) -> NewBuild:
    if order.kind in (BuildKind.DEPLOY, BuildKind.ROLLBACK):
        return _redeployment(order, name, ports)
    return _making(order, name, ports)


def _making(order: Order, name: str, ports: Ports) -> NewBuild:
    """A train or tune. Raises as `start_build` says."""
    stored = ports.settings.load()
    defaults = effective(stored, {})
    model = ports.models().model(order.model or defaults.default_model)
    dataset = ports.datasets.get(order.dataset or defaults.default_dataset)
    if dataset.text_columns and not model.takes_text:
        named = ", ".join(dataset.text_columns)
        raise BadRequest(f"The dataset {dataset.name} holds text ({named}); {model.name} takes numbers only.")
    service = Service(model.name, dataset.name)
    settings = effective(stored, order.settings, service.key)
    parsed = model.parse(order.hyperparameters)
    asked = {model.hyperparameter(name).name for name in order.hyperparameters}
    ranges = checked_ranges(order.ranges, asked, model) if order.kind is BuildKind.TUNE else {}
    if ranges:
        for_strategy(ranges, settings.tuning_strategy, model)
    if order.ranges and order.kind is not BuildKind.TUNE:
        raise BadRequest("Ranges belong to a tuning; a training takes one value of each hyperparameter.")
    return NewBuild(
        kind=order.kind,
        service=service,
        requester=order.requester,
        execution_name=name,
        created_at=ports.clock.now(),
        dataset_version=dataset.version,
        hyperparameters={name: value for name, value in parsed.items() if name in asked},
        overrides=order.settings,
        ranges=ranges,
    )


def _redeployment(order: Order, name: str, ports: Ports) -> NewBuild:
    """A deploy or rollback: what it takes from the build whose model it is. Raises as `start_build` says."""
    if order.hyperparameters or order.ranges:
        raise BadRequest("A deployment takes a model as it was trained: hyperparameters belong to a training.")
    if order.kind is BuildKind.ROLLBACK:
        source = champions.previous(_service(order, ports), ports)
    elif order.of is not None:
        source = ports.builds.get(order.of)
    else:
        source = _newest_model(_service(order, ports), ports)
    check_deployable(source)
    champions.check_not_frozen(order.kind, ports)
    effective(ports.settings.load(), order.settings, source.service.key)
    return NewBuild(
        kind=order.kind,
        service=source.service,
        requester=order.requester,
        execution_name=name,
        created_at=ports.clock.now(),
        dataset_version=source.dataset_version,
        hyperparameters=source.hyperparameters,
        overrides=order.settings,
        source=source.origin,
    )


def check_deployable(build: Build) -> None:
    """Raises BadRequest unless the build has ended with a model that may be deployed."""
    if build.status is BuildStatus.REJECTED:
        raise BadRequest(f"Build {build.number} was rejected: {build.cause} What was rejected is not deployed.")
    if build.status not in DEPLOYABLE:
        raise BadRequest(f"Build {build.number} is {build.status}; it can be deployed once it has ended.")
    if "model" not in build.artifacts:
        raise BadRequest(f"Build {build.number} has no model: it ended {build.status} before one was trained.")


def _service(order: Order, ports: Ports) -> Service:
    defaults = effective(ports.settings.load(), {})
    model = ports.models().model(order.model or defaults.default_model)
    return Service(model.name, order.dataset or defaults.default_dataset)


def _newest_model(service: Service, ports: Ports) -> Build:
    for build in ports.builds.latest(100, service=service, statuses=DEPLOYABLE):
        if "model" in build.artifacts:
            return build
    raise BadRequest(f"No build of {service.key} has left a model to deploy.")
