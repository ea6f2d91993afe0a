"""Each mend of moto is still needed: these fail once moto does by itself what it was mended for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.terraform.deployment import moto

ONCE = Config(retries={"total_max_attempts": 1})
ROLE = "arn:aws:iam::123456789012:role/x"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ZIP = b"PK\x05\x06" + bytes(18)  # an archive that holds nothing

Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Clients of a moto that is as it is."""
    with moto("--as-it-is") as endpoint:
        session = boto3.Session("test", "test", region_name="us-east-1")
        yield lambda service: session.client(service, endpoint_url=endpoint, config=ONCE)


@pytest.fixture(scope="module")
def function(client: Client) -> dict[str, Any]:
    """A function with a log group of its own choice, and an alias of it."""
    role = client("iam").create_role(RoleName="x", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    function: dict[str, Any] = client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.12",
        Role=role,
        Handler="a.b",
        Code={"ZipFile": ZIP},
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/x"},
        Publish=True,
    )
    alias = client("lambda").create_alias(FunctionName="f", Name="live", FunctionVersion=function["Version"])
    return function | {"alias": alias["AliasArn"]}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("validate_state_machine_definition", {"definition": "{}"}),
        ("list_state_machine_versions", {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:x"}),
    ],
    ids=["validate", "versions"],
)
def test_step_functions_knows_not_what_the_provider_asks(
    operation: str, request_: dict[str, str], client: Client
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client("stepfunctions"), operation)(**request_)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_a_bucket_policys_condition_is_not_looked_at(client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="conditions")
    denied = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::conditions", "arn:aws:s3:::conditions/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},  # as this request is not
    }
    s3.put_bucket_policy(Bucket="conditions", Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
    with pytest.raises(ClientError, match="AccessDenied|Forbidden"):
        s3.put_object(Bucket="conditions", Key="x", Body=b"")


def test_a_functions_logging_is_forgotten(client: Client, function: dict[str, Any]) -> None:
    assert "LoggingConfig" not in client("lambda").get_function_configuration(FunctionName="f")


def test_a_mapping_on_an_alias_is_told_as_its_version(client: Client, function: dict[str, Any]) -> None:
    table = client("dynamodb").create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    mapping = client("lambda").create_event_source_mapping(
        EventSourceArn=table["LatestStreamArn"], FunctionName=function["alias"], StartingPosition="LATEST"
    )
    assert mapping["FunctionArn"] != function["alias"]


def test_a_projects_key_is_forgotten(client: Client) -> None:
    codebuild = client("codebuild")
    project = codebuild.create_project(
        name="project",
        source={"type": "S3", "location": "bucket/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=ROLE,
        encryptionKey="arn:aws:kms:us-east-1:123456789012:key/x",
        concurrentBuildLimit=1,
    )["project"]
    assert "concurrentBuildLimit" not in project
    assert "encryptionKey" not in project or project["encryptionKey"].endswith("alias/aws/s3")


def test_a_redrive_policy_is_told_with_spaces(client: Client) -> None:
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    given = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}, separators=(",", ":"))
    queue = sqs.create_queue(QueueName="queue", Attributes={"RedrivePolicy": given})["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert told != given


def test_a_validator_that_nobody_needs_is_imported() -> None:
    assert find_spec("openapi_spec_validator") is None, "it is installed now: the mend is not needed"
