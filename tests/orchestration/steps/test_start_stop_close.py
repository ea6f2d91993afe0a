"""Starting, stopping and closing builds over the fakes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.catalog import BadHyperparameters, UnknownModel
from orchestration.builds import Build, BuildKind, BuildStatus, Requester
from orchestration.ports import (
    BadRequest,
    BadSettings,
    Change,
    Conflict,
    Ports,
    TransitionRefused,
    Unavailable,
    UnknownBuild,
    UnknownDataset,
)
from orchestration.steps.announce import announce
from orchestration.steps.close_build import close_build
from orchestration.steps.record import record
from orchestration.steps.resolve_settings import resolve_settings
from orchestration.steps.start_build import Order, start_build
from orchestration.steps.stop_build import stop_build
from tests.fakes import fake_ports
from tests.fakes.pipeline import FakePipeline

ADA = Requester("ada", "Ada", "console", "c1")
ORDER = Order(BuildKind.TRAIN, "gp", "toy", {}, {}, ADA, "console", "delivery-1")


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def running(ports: Ports, status: BuildStatus = BuildStatus.TRAINING) -> Build:
    build = start_build(ORDER, ports).build
    return record(build.number, Change(status, ports.clock.now()), ports)


def test_a_start_is_one_build_and_one_execution_however_often_it_is_delivered(ports: Ports) -> None:
    first, again = start_build(ORDER, ports), start_build(ORDER, ports)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.build.number == again.build.number
    assert ports.pipeline.describe(first.build).status == "RUNNING"


def test_defaults_come_from_the_settings(ports: Ports) -> None:
    ports.settings.save({"default_dataset": "diabetes"})
    build = start_build(replace(ORDER, model=None, dataset=None), ports).build
    assert build.service.key == "gp/diabetes"


@pytest.mark.parametrize(
    ("order", "error", "said"),
    [
        (replace(ORDER, model="tree"), UnknownModel, "tree"),
        (replace(ORDER, dataset="no-such-data"), UnknownDataset, "no-such-data.*toy"),
        (
            replace(ORDER, hyperparameters={"q": 99}),
            BadHyperparameters,
            "q is 99, but must be a whole number from 0 to 4",
        ),
        (replace(ORDER, hyperparameters={"wibble": 3}), BadHyperparameters, "no hyperparameter 'wibble'; it has q, l"),
        (replace(ORDER, settings={"training_timeout_s": 1}), BadSettings, "from 60"),
        (replace(ORDER, settings={"approval_required": False}), BadSettings, "belongs to the environment"),
        (replace(ORDER, ranges={"q": {}}), BadRequest, "Ranges belong to a tuning"),
        (replace(ORDER, kind=BuildKind.ROLLBACK), BadRequest, "nothing to roll back"),
        (replace(ORDER, kind=BuildKind.DEPLOY), BadRequest, "No build of gp/toy has left a model"),
        (replace(ORDER, kind=BuildKind.DEPLOY, of=7), UnknownBuild, "no build 7"),
        (replace(ORDER, kind=BuildKind.DEPLOY, of=1, hyperparameters={"q": 2}), BadRequest, "as it was trained"),
    ],
    ids=[
        "model",
        "dataset",
        "range",
        "hyperparameter",
        "setting",
        "protected",
        "ranges",
        "rollback",
        "deploy",
        "of",
        "deploy with",
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    ports: Ports, order: Order, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        start_build(order, ports)
    assert ports.builds.latest() == []


class Away(FakePipeline):
    """A state machine that cannot be reached until it is back."""

    away = True

    def start(self, build: Build) -> None:
        if self.away:
            raise Unavailable("away")
        super().start(build)


@pytest.mark.parametrize("by", ["a redelivery", "the outbox"])
def test_a_build_whose_starter_died_is_started(ports: Ports, by: str) -> None:
    pipeline = Away(ports.clock)
    broken = replace(ports, pipeline=pipeline)
    with pytest.raises(Unavailable):
        start_build(ORDER, broken)
    pipeline.away = False
    if by == "the outbox":
        announce(broken)
    else:
        assert not start_build(ORDER, broken).is_new
    assert pipeline.describe(ports.builds.get(1)).status == "RUNNING"


def test_what_was_stopped_before_it_started_is_not_trained(ports: Ports) -> None:
    """Its execution may be started in the same moment: then the first state finds the build ended."""
    build = start_build(ORDER, ports).build
    stop_build(build.number, ADA, ports)
    with pytest.raises(TransitionRefused):
        resolve_settings({"build": build.number}, build.execution_name, ports)
    assert ports.builds.get(build.number).status is BuildStatus.STOPPED


def test_an_execution_cannot_carry_another_ones_build(ports: Ports) -> None:
    build = start_build(ORDER, ports).build
    with pytest.raises(BadRequest, match="does not carry build 1"):
        resolve_settings({"build": build.number}, "by-hand", ports)


def test_stopping_aborts_the_execution_and_its_jobs(ports: Ports) -> None:
    build = running(ports)
    stopped = stop_build(build.number, ADA, ports)
    assert (stopped.status, stopped.cause) == (BuildStatus.STOPPED, "stopped by Ada")
    assert ports.pipeline.describe(build).status == "ABORTED"
    assert ports.pipeline.stopped_jobs == [build.number]  # type: ignore[attr-defined]


def test_what_has_ended_cannot_be_stopped(ports: Ports) -> None:
    build = running(ports)
    record(build.number, Change(BuildStatus.READY, ports.clock.now()), ports)
    with pytest.raises(Conflict, match="already ended: it is READY"):
        stop_build(build.number, ADA, ports)
    assert ports.pipeline.describe(build).status == "RUNNING"


def test_stopping_again_finishes_what_a_first_try_could_not(ports: Ports) -> None:
    build = running(ports)
    record(build.number, Change(BuildStatus.STOPPED, ports.clock.now()), ports)
    with pytest.raises(Conflict, match="already ended"):
        stop_build(build.number, ADA, ports)
    assert ports.pipeline.describe(build).status == "ABORTED"


@pytest.mark.parametrize(
    ("execution", "status", "error"),
    [
        ("ABORTED", BuildStatus.STOPPED, ""),
        ("TIMED_OUT", BuildStatus.ERROR, "TIMED_OUT"),
        ("FAILED", BuildStatus.ERROR, "FAILED"),
    ],
)
def test_an_execution_that_no_catch_could_end_is_closed(
    ports: Ports, execution: str, status: BuildStatus, error: str
) -> None:
    build = running(ports)
    for _ in range(3):
        close_build(build.execution_name, execution, "", "", ports)
    closed = ports.builds.get(build.number)
    assert (closed.status, closed.error) == (status, error)
    assert len(closed.timeline) == 3


def test_what_a_catch_wrote_is_kept(ports: Ports) -> None:
    build = running(ports)
    record(build.number, Change(BuildStatus.ERROR, ports.clock.now(), error="TrainingFailed", cause="why"), ports)
    close_build(build.execution_name, "FAILED", "BuildFailed", "other", ports)
    assert ports.builds.get(build.number).cause == "why"


def test_an_event_of_an_execution_before_a_resume_closes_nothing(ports: Ports) -> None:
    build = running(ports)
    record(build.number, Change(BuildStatus.ERROR, ports.clock.now(), error="E", cause="c"), ports)
    record(build.number, Change(BuildStatus.QUEUED, ports.clock.now(), resumes=True), ports)
    close_build(build.execution_name, "FAILED", "BuildFailed", "late", ports)
    assert ports.builds.get(build.number).status is BuildStatus.QUEUED
    close_build(f"{build.execution_name}-r1", "TIMED_OUT", "", "", ports)
    assert ports.builds.get(build.number).status is BuildStatus.ERROR


def test_success_and_strangers_close_nothing(ports: Ports) -> None:
    build = running(ports)
    close_build(build.execution_name, "SUCCEEDED", "", "", ports)
    close_build("somebody-elses", "FAILED", "", "", ports)
    assert ports.builds.get(build.number).status is BuildStatus.TRAINING
