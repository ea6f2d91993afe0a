"""What a state tells the record, and what is announced of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from models.catalog import GP
from orchestration.builds import BuildKind, BuildStatus, Json, Requester, build_prefix
from orchestration.ports import BadRequest, Change, Ports, Unavailable
from orchestration.steps.announce import announce
from orchestration.steps.record import record
from orchestration.steps.record_status import explain, record_status
from orchestration.steps.resolve_settings import resolve_settings
from orchestration.steps.start_build import Order, start_build
from tests.fakes import fake_ports
from tests.fakes.records import FakeNotices

SCHEMA = json.loads((Path(__file__).parents[3] / "orchestration" / "notification.schema.json").read_text())
ADA = Requester("ada", "Ada", "console", "c1")
ORDER = Order(BuildKind.TRAIN, "gp", "toy", {"q": 2}, {"training_timeout_s": 600}, ADA, "console", "delivery-1")


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def test_a_plan_has_everything_by_name_and_the_record_has_the_effective_settings(ports: Ports) -> None:
    build = start_build(ORDER, ports).build
    plan = resolve_settings({"build": build.number}, build.execution_name, ports)
    prefix = build_prefix("test", build)
    assert plan["job_prefix"] == prefix
    assert plan["names"] == {
        "model": f"{prefix}-model",
        "endpoint_config": f"{prefix}-config",
        "endpoint": "test-gp-toy",
    }
    training = plan["training"]
    assert isinstance(training, dict)
    assert training["hyperparameters"] == {name: str(value) for name, value in GP.parse({"q": 2}).items()}
    assert training["environment"] == {"SAGEBUILD_TARGET": "y"}
    noted = ports.builds.get(build.number)
    assert (noted.hyperparameters["q"], noted.settings["training_timeout_s"]) == (2, 600)
    assert len(noted.timeline) == 1


def test_an_execution_begun_by_hand_gets_one_record(ports: Ports) -> None:
    for _ in range(2):
        plan = resolve_settings({}, "by-hand", ports)
    assert plan["build"] == 1
    build = ports.builds.by_execution("by-hand")
    assert (build.number, build.service.key) == (1, "gp/toy")


def test_a_state_records_a_status_with_names_and_a_note(ports: Ports) -> None:
    number = start_build(ORDER, ports).build.number
    record_status({"build": number, "status": "TRAINING"}, ports)
    event: Mapping[str, Json] = {"build": number, "status": "DEPLOYING", "names": {"endpoint": "e"}, "note": "by Bo"}
    build = record_status(event, ports)
    assert (build.status, build.resources) == (BuildStatus.DEPLOYING, {"endpoint": "e"})
    assert build.timeline[-1].note == "by Bo"


def test_a_failure_is_recorded_by_the_executions_name(ports: Ports) -> None:
    build = start_build(ORDER, ports).build
    failure: Json = {"Error": "States.Timeout", "Cause": ""}
    failed = record_status({"execution_name": build.execution_name, "status": "ERROR", "failure": failure}, ports)
    assert (failed.status, failed.error) == (BuildStatus.ERROR, "States.Timeout")


def test_an_unknown_status_is_refused(ports: Ports) -> None:
    with pytest.raises(BadRequest, match="FINE"):
        record_status({"build": start_build(ORDER, ports).build.number, "status": "FINE"}, ports)


@pytest.mark.parametrize(
    ("error", "cause", "expected"),
    [
        (
            "States.TaskFailed",
            json.dumps(
                {
                    "TrainingJobName": "j",
                    "TrainingJobStatus": "Failed",
                    "FailureReason": "AlgorithmError: no y, exit code: 1",
                }
            ),
            ("TrainingFailed", "AlgorithmError: no y, exit code: 1"),
        ),
        (
            "States.TaskFailed",
            json.dumps(
                {"TrainingJobName": "j", "TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}
            ),
            ("TrainingStopped", "The training job was stopped before it was done (MaxRuntimeExceeded)."),
        ),
        (
            "States.TaskFailed",
            json.dumps({"ProcessingJobName": "t-b1-0000-evaluate-0", "FailureReason": "AlgorithmError: no rows"}),
            ("EvaluationFailed", "AlgorithmError: no rows"),
        ),
        (
            "States.TaskFailed",
            json.dumps({"HyperParameterTuningJobName": "j", "FailureReason": "All jobs failed"}),
            ("TuningFailed", "All jobs failed"),
        ),
        (
            "DeploymentFailed",
            json.dumps({"errorType": "DeploymentFailed", "errorMessage": "why"}),
            ("DeploymentFailed", "why"),
        ),
        ("States.Timeout", "", ("States.Timeout", "")),
        ("E", "plain words", ("E", "plain words")),
        ("E", "[1]", ("E", "[1]")),
    ],
    ids=["failed job", "stopped job", "evaluation", "tuning", "lambda", "timeout", "text", "other json"],
)
def test_a_cause_becomes_a_sentence(error: str, cause: str, expected: tuple[str, str]) -> None:
    assert explain({"Error": error, "Cause": cause}) == expected


def test_each_status_is_announced_once_in_order_and_by_the_schema(ports: Ports) -> None:
    number = start_build(ORDER, ports).build.number
    record(number, Change(BuildStatus.TRAINING, ports.clock.now()), ports)
    record(number, Change(BuildStatus.ERROR, ports.clock.now(), error="E", cause="why"), ports)
    assert announce(ports) == 3
    assert announce(ports) == 0
    assert isinstance(ports.notices, FakeNotices)
    bodies = [dict(body) for _, body, _ in ports.notices.published]
    assert [body["status"] for body in bodies] == ["QUEUED", "TRAINING", "ERROR"]
    assert [body["sequence"] for body in bodies] == [0, 1, 2]
    assert [body["error"] for body in bodies] == ["", "", "E"]
    for subject, body, attributes in ports.notices.published:
        jsonschema.validate(body, SCHEMA)
        assert attributes == {"status": body["status"], "model": "gp", "kind": "train"}
        assert subject == f"[test] build 1 {body['status']}: gp/toy"
    assert len({body["id"] for body in bodies}) == 3


def test_a_line_that_sns_refused_is_published_by_the_next_wake_up(ports: Ports) -> None:
    class Refusing(FakeNotices):
        refuses = True

        def publish(self, subject: str, body: Mapping[str, Json], attributes: Mapping[str, str]) -> None:
            if self.refuses:
                raise Unavailable("SNS is away")
            super().publish(subject, body, attributes)

    notices = Refusing()
    world = replace(ports, notices=notices)
    start_build(ORDER, world)
    with pytest.raises(Unavailable):
        announce(world)
    notices.refuses = False
    assert announce(world) == 1


def test_one_wake_up_empties_a_full_outbox(ports: Ports) -> None:
    for i in range(60):
        start_build(replace(ORDER, delivery_id=str(i)), ports)
    assert announce(ports) == 60


def test_the_schema_lists_every_status_and_kind() -> None:
    assert set(SCHEMA["properties"]["status"]["enum"]) == set(BuildStatus)
    assert set(SCHEMA["properties"]["kind"]["enum"]) == set(BuildKind)
