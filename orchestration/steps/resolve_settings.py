"""From a build's record to everything that the state machine's requests need: names, images, channels, waits.

The result is the input of every later state of `machines/build.asl.json`, which names each of its fields by path.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.catalog import Model
from orchestration.builds import (
    Build,
    BuildKind,
    Environment,
    Json,
    Requester,
    build_prefix,
    config_name,
    endpoint_name,
    model_name,
)
from orchestration.ports import BadRequest, Change, Dataset, Ports
from orchestration.settings import BuildSettings, effective
from orchestration.steps.record import record
from orchestration.steps.start_build import Order, adopt_execution

VARIANT = "main"  # stable, so that autoscaling and deployment guardrails survive an update
# What the state waits beyond the job's own limit, which ends a job that runs too long: capacity, a spot instance, or a
# free slot on a laptop may be long in coming.
GRACE_S = 24 * 3600


def resolve_settings(input_: Mapping[str, Json], execution_name: str, ports: Ports) -> dict[str, Json]:
    """The plan of the execution's build.

    input_: `{"build": <number>}` from `start_build`; anything else, `{}` included, is an execution begun by hand and
    gets a record of its own, with defaults for what it does not say. Raises what `start_build` raises, BadRequest for
    another build's number, and TransitionRefused when the build has ended since: nothing is trained for it.
    """
    number = input_.get("build")
    if isinstance(number, int):
        build = ports.builds.get(number)
        if build.current_execution != execution_name:
            raise BadRequest(f"The execution {execution_name} does not carry build {number}; its own one does.")
    else:
        build = adopt_execution(execution_name, _order_by_hand(input_, execution_name), ports)
    settings = effective(ports.settings.load(), build.overrides)
    model = ports.models().model(build.service.model)
    dataset = ports.datasets.get(build.service.dataset, build.dataset_version)
    record(build.number, _facts(build, settings, model, ports), ports)
    return _plan(build, settings, model, dataset, ports.environment)


def _order_by_hand(input_: Mapping[str, Json], execution_name: str) -> Order:
    model, dataset, kind = input_.get("model"), input_.get("dataset"), input_.get("kind", BuildKind.TRAIN)
    hyperparameters, settings = input_.get("hyperparameters", {}), input_.get("settings", {})
    if not isinstance(hyperparameters, dict) or not isinstance(settings, dict):
        raise BadRequest("hyperparameters and settings in an execution's input must be JSON objects.")
    if kind not in list(BuildKind):
        raise BadRequest(f"There is no kind {kind!r} of build; there are {', '.join(BuildKind)}.")
    return Order(
        kind=BuildKind(str(kind)),
        model=str(model) if model else None,
        dataset=str(dataset) if dataset else None,
        hyperparameters={str(k): str(v) for k, v in hyperparameters.items()},
        settings=settings,
        requester=Requester(person="console", name="the Step Functions console", channel="aws", conversation=""),
        source="hand",
        delivery_id=execution_name,
    )


def _plan(
    build: Build, settings: BuildSettings, model: Model, dataset: Dataset, environment: Environment
) -> dict[str, Json]:
    tags = _tags(build, dataset, environment)
    return {
        "build": build.number,
        "kind": build.kind,
        "service": build.service.key,
        "deploy": settings.deploy_after_training,
        "job_prefix": build_prefix(environment.name, build),
        "training": _training(build, settings, model, dataset, environment),
        "names": {
            "model": model_name(environment.name, build),
            "endpoint_config": config_name(environment.name, build),
            "endpoint": endpoint_name(environment.name, build.service),
            "variant": VARIANT,
        },
        "endpoint": {
            "instance_type": settings.endpoint_instance_type,
            "instance_count": settings.endpoint_instance_count,
        },
        "waits": {
            "training_timeout_s": settings.training_timeout_s,
            "training_state_timeout_s": settings.training_timeout_s + GRACE_S,
            "endpoint_timeout_s": settings.endpoint_timeout_s,
            "lease_wait_s": settings.lease_wait_s,
        },
        "example": list(dataset.example),
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "endpoint_tags": tags,
    }


def _training(
    build: Build, settings: BuildSettings, model: Model, dataset: Dataset, environment: Environment
) -> dict[str, Json]:
    for split in ("train", "validation"):
        if split not in dataset.uris:
            raise BadRequest(f"The dataset {dataset.name} has no {split} rows, which training needs.")
    folder = f"s3://{environment.data_bucket}/builds/{build_prefix(environment.name, build)}"
    return {
        "image": settings.images.get(model.name, f"{environment.image_prefix}{model.image}:latest"),
        "hyperparameters": {name: str(value) for name, value in model.parse(build.hyperparameters).items()},
        "metric_definitions": [{"Name": metric.name, "Regex": metric.regex} for metric in model.metrics],
        "train_uri": dataset.uris["train"],
        "validation_uri": dataset.uris["validation"],
        "output_uri": f"{folder}/output",
        "checkpoint_uri": f"{folder}/checkpoints",
        "instance_type": settings.training_instance_type,
        "instance_count": settings.training_instance_count,
        "volume_gb": settings.training_volume_gb,
        "environment": {"SAGEBUILD_TARGET": dataset.target},
    }


def _tags(build: Build, dataset: Dataset, environment: Environment) -> dict[str, Json]:
    return {
        "sagebuild:environment": environment.name,
        "sagebuild:build": str(build.number),
        "sagebuild:service": build.service.key,
        "sagebuild:dataset-version": dataset.version,
    }


def _facts(build: Build, settings: BuildSettings, model: Model, ports: Ports) -> Change:
    """The effective settings and hyperparameters, for the record: what it is really built with."""
    parsed = model.parse(build.hyperparameters)
    return Change(to=None, at=ports.clock.now(), hyperparameters=dict(parsed), settings=settings.to_json())
