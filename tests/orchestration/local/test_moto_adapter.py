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
    "no CodeBuild integration",
    "a stopped execution waits on for its token",
    "a stopped execution may end as failed",
    "each execution parses its definition",
    "a transaction copies whole tables",
    "Step Functions and SSM import EC2",
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


def test_a_state_that_waits_for_a_token_can_be_stopped(states: Any) -> None:
    waiting = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "announce", "Payload": {"token.$": "$$.Task.Token"}},
        "TimeoutSeconds": 600,
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "F"}],
        "End": True,
    }
    definition = {"StartAt": "T", "States": {"T": waiting, "F": {"Type": "Fail", "Error": "Failed"}}}
    name = f"m-{uuid.uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    time.sleep(1.0)  # until it waits
    states.stop_execution(executionArn=execution, error="E", cause="why")
    described = ended(states, execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "E", "why")


def test_a_state_that_waits_for_a_job_can_be_stopped(engine: LocalSession, states: Any) -> None:
    """And stops the job."""
    clients = local_clients(engine.state_dir)
    number = str(uuid.uuid4().int)[:8]
    bucket = f"s3://{engine.ports.environment.data_bucket}"
    clients("s3").put_object(Bucket=engine.ports.environment.data_bucket, Key="slow/train.csv", Body=b"y,x\n1,2\n2,3\n")
    request = {
        "ProcessingJobName": f"p-{number}",
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": f"{engine.ports.environment.image_prefix}sagebuild/gp:1",
            "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(60)"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [
            {
                "InputName": "data",
                "S3Input": {
                    "S3Uri": f"{bucket}/slow",
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
    }
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": request,
        "End": True,
    }
    definition = json.dumps({"StartAt": "T", "States": {"T": task}})
    arn = states.create_state_machine(name=f"m-{number}", definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    time.sleep(1.0)
    states.stop_execution(executionArn=execution, error="E", cause="why")
    assert ended(states, execution)["status"] == "ABORTED"
    end = time.monotonic() + 20
    while (job := clients("sagemaker").describe_processing_job(ProcessingJobName=f"p-{number}"))[
        "ProcessingJobStatus"
    ] != "Stopped":
        assert time.monotonic() < end, job
        time.sleep(0.05)


def test_retries_are_counted_for_each_execution(states: Any) -> None:
    """Executions share their parsed program, and nothing else."""
    failing = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "record-status", "Payload": {"build": "none"}},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "End": True,
    }
    name = f"m-{uuid.uuid4().hex[:8]}"
    definition = json.dumps({"StartAt": "T", "States": {"T": failing}})
    arn = states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    started = [states.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(6)]
    for execution in started:
        assert ended(states, execution)["status"] == "FAILED"
        history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        assert [event["type"] for event in history].count("TaskScheduled") == 2


def test_a_transaction_that_is_refused_changes_nothing(engine: LocalSession) -> None:
    dynamodb, table = local_clients(engine.state_dir)("dynamodb"), engine.ports.environment.state_table
    one, two, three = (f"T#{uuid.uuid4().hex}" for _ in range(3))

    def put(pk: str, value: str, **condition: str) -> dict[str, Any]:
        item = {"pk": {"S": pk}, "sk": {"S": "-"}, "value": {"S": value}}
        return {"Put": {"TableName": table, "Item": item, **condition}}

    def update(pk: str, value: str) -> dict[str, Any]:
        expression = {"UpdateExpression": "SET #v = :v", "ExpressionAttributeNames": {"#v": "value"}}
        values = {"ExpressionAttributeValues": {":v": {"S": value}}}
        return {"Update": {"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": "-"}}, **expression, **values}}

    def value(pk: str) -> str | None:
        item = dynamodb.get_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": "-"}}).get("Item")
        return str(item["value"]["S"]) if item else None

    dynamodb.transact_write_items(TransactItems=[put(one, "a"), put(two, "b")])
    delete = {"Delete": {"TableName": table, "Key": {"pk": {"S": two}, "sk": {"S": "-"}}}}
    refused = put(f"{three}-other", "x", ConditionExpression="attribute_exists(pk)")
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[update(one, "changed"), delete, put(three, "new"), refused])
    assert (value(one), value(two), value(three)) == ("a", "b", None)


def test_moto_is_imported_without_its_ec2_which_is_there_when_asked_for() -> None:
    code = (
        "import sys, orchestration.local.moto_adapter\n"
        "assert not [name for name in sys.modules if name.startswith(('moto.ec2', 'moto.batch'))]\n"
        "from moto.ssm.models import ec2_backends\n"
        "import moto.batch, moto.ec2\n"
        "one = '123456789012'\n"
        "assert ec2_backends[one] is moto.ec2.ec2_backends[one]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[3])


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
