"""The adapter to moto: each mend is still needed, works on the engine, and a moved seam is named."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from orchestration.local.moto_adapter import seams
from orchestration.wiring import LocalSession, local_clients

FAULTS = (
    "an execution without a name is called None",
    "StopExecution drops the cause",
    "the start time is not JSON",
    "SendTaskFailure drops the cause",
    "no ValidateStateMachineDefinition",
    "no ListStateMachineVersions",
    "no SageMaker integration",
)
ROLE = "arn:aws:iam::123456789012:role/r"


@lru_cache(maxsize=1)
def stock() -> dict[str, bool]:
    result = subprocess.run(
        [sys.executable, "-m", "tests.orchestration.local.stock_moto"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    found: dict[str, bool] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_each_mend_is_still_needed(fault: str) -> None:
    """Fails once moto no longer has the fault: then the mend goes."""
    assert stock()[fault]


def test_every_fault_is_listed() -> None:
    assert set(stock()) == set(FAULTS)


@pytest.fixture
def states(engine: LocalSession) -> Any:
    return local_clients(engine.state_dir)("stepfunctions")


def run(states: Any, definition: dict[str, Any], **given: str) -> dict[str, Any]:
    """The execution's description once it has ended."""
    name = f"m-{uuid.uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, **given)["executionArn"]
    return ended(states, execution)


def ended(states: Any, execution: str) -> dict[str, Any]:
    end = time.monotonic() + 20
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < end
        time.sleep(0.02)
    found: dict[str, Any] = described
    return found


def test_executions_without_a_name_have_names_of_their_own(states: Any) -> None:
    passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    names = {run(states, passing)["name"] for _ in range(2)}
    assert len(names) == 2
    assert "None" not in names


def test_the_start_time_is_text(states: Any) -> None:
    timed = {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Parameters": {"t.$": "$$.Execution.StartTime"}, "End": True}},
    }
    output = json.loads(run(states, timed)["output"])
    assert output["t"].endswith("Z")


def test_stopping_keeps_error_and_cause(states: Any) -> None:
    waiting = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 20, "End": True}}}
    name = f"m-{uuid.uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(waiting), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    states.stop_execution(executionArn=execution, error="E", cause="why")
    described = ended(states, execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "E", "why")


def test_a_definition_is_validated(states: Any) -> None:
    good = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    assert states.validate_state_machine_definition(definition=good)["result"] == "OK"
    assert states.validate_state_machine_definition(definition="{}")["result"] == "FAIL"


def test_a_job_that_fails_fails_its_state_with_the_description(states: Any) -> None:
    """Through `.sync`, a request that SageMaker refuses fails the state with the service's error."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {"TrainingJobName": "incomplete"},
        "End": True,
    }
    described = run(states, {"StartAt": "T", "States": {"T": task}})
    assert (described["status"], described["error"]) == ("FAILED", "SageMaker.AmazonSageMakerException")
    assert "ValidationException" in described["cause"]


def test_an_operation_that_the_integration_does_not_have_is_refused(states: Any) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createNotebook", "Parameters": {}, "End": True}
    with pytest.raises(Exception, match="createNotebook"):
        run(states, {"StartAt": "T", "States": {"T": task}})


def test_the_seams_are_where_they_are_expected() -> None:
    seams.check()


@pytest.mark.parametrize(
    ("seam", "said"),
    [
        (seams.Seam("moto.s3.models", "S3Backend.no_such_method"), "no moto.s3.models.S3Backend.no_such_method"),
        (seams.Seam("moto.s3.models", "S3Backend.put_object", ("wibble",)), "put_object no longer takes wibble"),
    ],
    ids=["gone", "other parameters"],
)
def test_a_moved_seam_is_named(seam: seams.Seam, said: str) -> None:
    with pytest.raises(seams.BrokenSeam, match=said):
        seams.check([seam])


def test_another_moto_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seams, "version", lambda _: "9.9.9")
    with pytest.raises(seams.BrokenSeam, match=r"9\.9\.9.*5\.2\.5"):
        seams.check()
