"""The only starter of a build, whoever asks: a sentence, a message, a schedule or an execution begun by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.builds import Build, BuildKind, BuildStatus, Json, Requester, Service, execution_name
from orchestration.ports import BadRequest, NewBuild, Ports
from orchestration.settings import effective

STARTABLE = frozenset({BuildKind.TRAIN})


@dataclass(frozen=True)
class Order:
    """What somebody asks to be built. None: the environment's default. source and delivery_id name the execution."""

    kind: BuildKind
    model: str | None
    dataset: str | None
    hyperparameters: Mapping[str, str | int | float]
    settings: Mapping[str, Json]
    requester: Requester
    source: str
    delivery_id: str


@dataclass(frozen=True)
class Started:
    """The build, and whether this delivery made it (False: a redelivery of one that had)."""

    build: Build
    is_new: bool


@dataclass(frozen=True)
class _Checked:
    """An order with everything looked up and checked."""

    service: Service
    dataset_version: str
    hyperparameters: Mapping[str, Json] = field(default_factory=dict)


def start_build(order: Order, ports: Ports) -> Started:
    """Start it, or find the build that this delivery started before.

    Everything is checked before anything is written: raises UnknownModel, BadHyperparameters, UnknownDataset,
    BadSettings, BadRequest; Unavailable when the store or the state machine is away. A build whose starter died between
    its record and its execution is started by a redelivery, or by the outbox (`announce.py`), whichever comes first.
    """
    build, is_new = ports.builds.create(_new_build(order, execution_name(order.source, order.delivery_id), ports))
    start_if_queued(build, ports)
    return Started(build, is_new)


def start_if_queued(build: Build, ports: Ports) -> None:
    """Start the execution of a build that waits for one. Starting one that was started does nothing."""
    if build.status is BuildStatus.QUEUED:
        ports.pipeline.start(build)


def adopt_execution(name: str, order: Order, ports: Ports) -> Build:
    """The record of an execution that was begun by hand, with `{}` or an order as its input; made once."""
    return ports.builds.create(_new_build(order, name, ports))[0]


def _new_build(order: Order, name: str, ports: Ports) -> NewBuild:
    checked = _check(order, ports)
    return NewBuild(
        kind=order.kind,
        service=checked.service,
        requester=order.requester,
        execution_name=name,
        created_at=ports.clock.now(),
        dataset_version=checked.dataset_version,
        hyperparameters=checked.hyperparameters,
        overrides=order.settings,
    )


def _check(order: Order, ports: Ports) -> _Checked:
    """The order with its defaults, model, dataset, hyperparameters and settings. Raises as `start_build` says."""
    if order.kind not in STARTABLE:
        known = ", ".join(sorted(STARTABLE))
        raise BadRequest(f"A build of kind {order.kind!s} cannot be started; these can: {known}.")
    settings = effective(ports.settings.load(), order.settings)
    model = ports.models().model(order.model or settings.default_model)
    parsed = model.parse(order.hyperparameters)
    dataset = ports.datasets.get(order.dataset or settings.default_dataset)
    asked = {model.hyperparameter(name).name for name in order.hyperparameters}
    return _Checked(
        service=Service(model.name, dataset.name),
        dataset_version=dataset.version,
        hyperparameters={name: value for name, value in parsed.items() if name in asked},
    )
