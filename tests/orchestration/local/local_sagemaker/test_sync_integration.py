"""The `.sync` integration for processing and tuning jobs on the engine: waiting, failing, stopping, adopting."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from models.catalog import GP
from orchestration.local.moto_adapter import sagemaker
from orchestration.local.resources import ENVIRONMENT
from orchestration.wiring import LocalSession, local_clients
from tests.orchestration.local.local_sagemaker.house import ROLE, until

GP_IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{GP.image}:1"
BUCKET = ENVIRONMENT.data_bucket


@pytest.fixture
def states(engine: LocalSession) -> Any:
    return local_clients(engine.state_dir)("stepfunctions")


def run(states: Any, definition: dict[str, Any]) -> dict[str, Any]:
    """The execution's description once it has ended."""
    execution = start(states, definition)
    until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    described: dict[str, Any] = states.describe_execution(executionArn=execution)
    return described


def start(states: Any, definition: dict[str, Any]) -> str:
    name = f"s-{uuid.uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    execution: str = states.start_execution(stateMachineArn=arn)["executionArn"]
    return execution


def sync(action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A machine of one state that waits for a job."""
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::sagemaker:{action}.sync",
        "Parameters": parameters,
        "End": True,
    }
    return {"StartAt": "J", "States": {"J": task}}


def processing(name: str, program: str) -> dict[str, Any]:
    """A processing job whose program is Python code that runs in the gp image's place."""
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "AppSpecification": {"ImageUri": GP_IMAGE, "ContainerEntrypoint": ["python", "-c", program]},
        "RoleArn": ROLE,
        "Tags": [{"Key": "build", "Value": name}],
    }


def test_a_state_waits_for_a_processing_job_and_has_its_description(states: Any) -> None:
    name = f"p-{uuid.uuid4().hex[:8]}"
    described = run(states, sync("createProcessingJob", processing(name, "print('done')")))
    assert described["status"] == "SUCCEEDED"
    output = json.loads(described["output"])
    assert (output["ProcessingJobName"], output["ProcessingJobStatus"]) == (name, "Completed")
    assert isinstance(output["ProcessingEndTime"], int), "times are milliseconds, as Step Functions gives them"


def test_a_processing_job_that_fails_fails_its_state_with_the_reason(states: Any) -> None:
    name = f"p-{uuid.uuid4().hex[:8]}"
    described = run(states, sync("createProcessingJob", processing(name, "raise SystemExit(3)")))
    assert (described["status"], described["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(described["cause"])["FailureReason"].endswith("exit code: 3")


def test_stopping_an_execution_stops_its_processing_job(engine: LocalSession, states: Any) -> None:
    name = f"p-{uuid.uuid4().hex[:8]}"
    execution = start(states, sync("createProcessingJob", processing(name, "import time; time.sleep(60)")))
    client = local_clients(engine.state_dir)("sagemaker")
    until(lambda: listed(client, name))
    states.stop_execution(executionArn=execution)
    until(lambda: client.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "Stopped")


def listed(client: Any, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    return found


def tuning(engine: LocalSession, name: str) -> dict[str, Any]:
    """A tuning job of the Gaussian process over q, on a line of twenty points."""
    rows = "y,x\n" + "".join(f"{number / 2},{number}\n" for number in range(20))
    s3 = local_clients(engine.state_dir)("s3")
    s3.put_object(Bucket=BUCKET, Key=f"{name}/data.csv", Body=rows.encode())
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/data.csv"}}
    ranges = {"IntegerParameterRanges": [{"Name": "q", "MinValue": "0", "MaxValue": "2"}]}
    metrics = [{"Name": each.name, "Regex": each.regex} for each in GP.metrics]
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:RMSE"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": ranges,
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": GP_IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": metrics,
            },
            "RoleArn": ROLE,
            "InputDataConfig": [{"ChannelName": each, "DataSource": source} for each in ("train", "validation")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/{name}"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "Tags": [{"Key": "build", "Value": name}],
    }


def test_a_state_waits_for_a_tuning_job_and_has_the_best_training_job(engine: LocalSession, states: Any) -> None:
    name = f"t-{uuid.uuid4().hex[:8]}"
    described = run(states, sync("createHyperParameterTuningJob", tuning(engine, name)))
    assert described["status"] == "SUCCEEDED", described
    output = json.loads(described["output"])
    assert output["TrainingJobStatusCounters"]["Completed"] == 2
    best = output["BestTrainingJob"]["TrainingJobName"]
    job = local_clients(engine.state_dir)("sagemaker").describe_training_job(TrainingJobName=best)
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    assert local_clients(engine.state_dir)("s3").head_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0


@pytest.mark.parametrize("kind", ["ProcessingJob", "HyperParameterTuningJob"])
def test_a_resumed_state_adopts_its_own_job_and_nobody_elses(kind: str) -> None:
    """By the tags, which only this build's job has."""
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:job/{kind}"
    tags = [{"Key": "build", "Value": "12"}]

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert request == ({"ResourceArn": arn} if operation == "ListTags" else {f"{kind}Name": "job"})
        return {"Tags": tags} if operation == "ListTags" else {f"{kind}Arn": arn, "answers": operation}

    action = f"create{kind}".lower()
    assert sagemaker._is_made(call, action, {f"{kind}Name": "job", "Tags": tags})
    assert not sagemaker._is_made(call, action, {f"{kind}Name": "job", "Tags": [{"Key": "build", "Value": "13"}]})
