"""Builds at a point of their life, over the fakes, for the tests of the steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration.builds import Build, BuildKind, BuildStatus, Json, Requester, config_name, endpoint_name
from orchestration.ports import Change, Ports, Training
from orchestration.steps.candidate import propose
from orchestration.steps.plan import data_folder
from orchestration.steps.record import record
from orchestration.steps.resolve_settings import resolve_settings
from orchestration.steps.start_build import Order, start_build
from tests.fakes.endpoints import FakeEndpoints
from tests.fakes.pipeline import FakePipeline
from tests.fakes.records import FakeSettings
from tests.fakes.registry import FakeArtifacts

ADA = Requester("ada", "Ada", "console", "c1")
IMAGE = "gp@sha256:1"


def order(delivery: str, kind: BuildKind = BuildKind.TRAIN, **changes: Any) -> Order:
    """Ada's order of the gp on toy, with those changes."""
    given: dict[str, Any] = {"model": "gp", "dataset": "toy", "hyperparameters": {}, "settings": {}}
    return Order(kind=kind, requester=ADA, source="test", delivery_id=delivery, **(given | changes))


def settle(ports: Ports, **document: Json) -> None:
    """Let the environment's settings document be that."""
    assert isinstance(ports.settings, FakeSettings)
    ports.settings.save(document)


def resolved(ports: Ports, delivery: str, kind: BuildKind = BuildKind.TRAIN, **changes: Any) -> tuple[Build, Any]:
    """A build whose settings are resolved, and its plan."""
    build = start_build(order(delivery, kind, **changes), ports).build
    plan = resolve_settings({"build": build.number}, build.execution_name, ports)
    return ports.builds.get(build.number), plan


def trained(ports: Ports, delivery: str, test: str = "s3://bucket/test.csv", **changes: Any) -> Build:
    """A build whose training job completed and that has its candidate."""
    build, plan = resolved(ports, delivery, **changes)
    job = f"{plan['job_prefix']}-train-0"
    assert isinstance(ports.pipeline, FakePipeline)
    ports.pipeline.trained[job] = Training(job, IMAGE, f"s3://bucket/{job}.tar.gz", {}, {"validation:RMSE": 1.0})
    record(build.number, Change(BuildStatus.TRAINING, ports.clock.now()), ports)
    propose(
        ports.builds.get(build.number), job, {"train_data": "s3://bucket/train.csv", "test_data": test}, True, ports
    )
    return ports.builds.get(build.number)


def evaluated(ports: Ports, build: Build, rmse: float, champion: float | None = None, **more: Json) -> None:
    """Let the build's evaluation have left that."""
    assert isinstance(ports.artifacts, FakeArtifacts)
    document: dict[str, Json] = {
        "rows": 50,
        "metrics": {"RMSE": rmse},
        "champion": None if champion is None else {"metrics": {"RMSE": champion}},
        "probe": [{"inputs": [0.5, 1.0], "mean": 5.95}],
    }
    uri = f"{data_folder(build, ports.environment)}/evaluation/evaluation.json"
    ports.artifacts.documents[uri] = document | more


def ready(ports: Ports, delivery: str, **changes: Any) -> Build:
    """A build that is READY and serves."""
    build = trained(ports, delivery, **changes)
    return serving(ports, build)


def serving(ports: Ports, build: Build, resources: Mapping[str, str] | None = None) -> Build:
    """Let the build's endpoint serve it, and the build be READY."""
    name = endpoint_name("test", build.service)
    names = {"endpoint": name, "endpoint_config": config_name("test", build), **(resources or {})}
    assert isinstance(ports.endpoints, FakeEndpoints)
    ports.endpoints.serve(name, build.service, build)
    record(build.number, Change(BuildStatus.DEPLOYING, ports.clock.now(), resources=names), ports)
    return record(build.number, Change(BuildStatus.READY, ports.clock.now()), ports)
