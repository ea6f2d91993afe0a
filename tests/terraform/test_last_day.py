"""Before `terraform destroy`: builds that run are stopped, endpoints with our tag are deleted, others stay."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest

from orchestration.aws.clients import Clients, Wire
from orchestration.builds import Environment
from terraform.last_day import clean
from tests.terraform.deployment import moto


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Clients of a moto of this test's own."""
    with moto() as endpoint:
        wire = Wire(boto3.Session("test", "test", region_name="us-east-1"), endpoint, "moto")
        yield Clients(lambda: wire)


def an_endpoint(clients: Clients, name: str, environment: str) -> None:
    sagemaker = clients("sagemaker")
    sagemaker.create_model(ModelName=f"{name}-model", ExecutionRoleArn="arn:aws:iam::123456789012:role/x")
    variant = {"VariantName": "main", "ModelName": f"{name}-model", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{name}-config", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    tags = [{"Key": "sagebuild:environment", "Value": environment}]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-config", Tags=tags)


def test_only_what_is_this_environments_is_ended(clients: Clients) -> None:
    an_endpoint(clients, "dev-gp-toy", "dev")
    an_endpoint(clients, "dev-of-others", "theirs")
    states = clients("stepfunctions")
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    for name in ("sagebuild-dev-build", "sagebuild-prod-build"):
        arn = states.create_state_machine(
            name=name, definition=json.dumps(wait), roleArn="arn:aws:iam::123456789012:role/x"
        )["stateMachineArn"]
        states.start_execution(stateMachineArn=arn, name=f"of-{name}")
    said = list(clean(clients, Environment("dev", "us-east-1")))
    assert said == ["stopped the execution of-sagebuild-dev-build", "deleted the endpoint dev-gp-toy"]
    left = clients("sagemaker").list_endpoints()["Endpoints"]
    assert [one["EndpointName"] for one in left] == ["dev-of-others"]
    assert [one["ModelName"] for one in clients("sagemaker").list_models()["Models"]] == ["dev-of-others-model"]
    assert list(clean(clients, Environment("dev", "us-east-1"))) == []
