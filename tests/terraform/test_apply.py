"""The applied environment: nothing left to change, and each thing is told where the others are and may call them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
import yaml

from bot.inbox import entry as inbox
from models.datasets import toy
from orchestration.aws.clients import Clients, Wire
from orchestration.aws.people import DynamoPeople
from orchestration.builds import BuildKind, Requester
from orchestration.local import resources
from orchestration.ports import NewDataset, Ports
from orchestration.settings import effective, environment_from_variables
from orchestration.steps.announce import announce
from orchestration.steps.start_build import Order, start_build
from orchestration.wiring import function_ports, make_ports
from terraform import people
from tests.terraform.deployment import Deployment, functions

FUNCTIONS = functions()
# What moto cannot be brought to tell as it was told: address to the reason. There is nothing of that kind.
DRIFTING: dict[str, str] = {}

Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def ports(deployment: Deployment) -> Ports:
    """The ports on what was applied, as the outputs tell where it is."""
    variables = deployment.outputs["environment_variables"]
    environment = environment_from_variables(variables | {"AWS_REGION": "us-east-1"})
    wire = Wire(boto3.Session("test", "test", region_name="us-east-1"), deployment.endpoint, "applied")
    clients = Clients(lambda: wire)
    return make_ports(clients, environment, DynamoPeople(clients, environment.builds_table))


def variables_of(name: str, aws: Client) -> dict[str, str]:
    """What a function is told, by its name in functions.json."""
    found = aws("lambda").get_function_configuration(FunctionName=f"sagebuild-dev-{name}")
    variables: dict[str, str] = found["Environment"]["Variables"]
    return variables


def register_toy(ports: Ports) -> None:
    data = toy()
    splits = {split: data.to_csv(split) for split in ("train", "validation", "test")}
    ports.datasets.register(NewDataset("toy", data.target, splits, data.description))


def test_a_second_plan_changes_nothing(deployment: Deployment) -> None:
    assert deployment.changed.keys() == DRIFTING.keys(), json.dumps(deployment.changed, indent=1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_told_what_its_row_lists(name: str, aws: Client) -> None:
    variables = variables_of(name, aws)
    assert variables.keys() == set(FUNCTIONS[name]["environment"])
    assert environment_from_variables(variables | {"AWS_REGION": "us-east-1"}).name == "dev"


def test_a_build_starts_on_what_was_applied(ports: Ports, aws: Client) -> None:
    """Record, claim, data, settings and execution are where the functions are told that they are."""
    register_toy(ports)
    requester = Requester("someone", "Someone", "sns", "")
    order = Order(BuildKind.TRAIN, "gp", "toy", {}, {}, requester, "sns", "delivery-1")
    build = start_build(order, ports).build
    assert ports.pipeline.describe(build).arn.endswith(f":sagebuild-dev-build:{build.execution_name}")
    machine = ports.environment.state_machine_arn
    executions = aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert build.execution_name in {execution["name"] for execution in executions}
    assert announce(ports) >= 1


@pytest.fixture
def as_function(
    aws: Client, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Makes this process that function: its environment variables, on the account that was applied to."""

    def become(name: str) -> None:
        told = aws("lambda").get_function_configuration(FunctionName=f"sagebuild-dev-{name}")["Environment"][
            "Variables"
        ]
        account = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        for key, value in {**told, **account, "AWS_ENDPOINT_URL": deployment.endpoint}.items():
            monkeypatch.setenv(key, value)
        function_ports.cache_clear()

    yield become
    function_ports.cache_clear()


def test_a_message_on_the_start_topic_starts_a_build(
    ports: Ports, aws: Client, deployment: Deployment, as_function: Callable[[str], None]
) -> None:
    """Published; delivered to the function that the topic reaches; taken by its handler with its own variables."""
    register_toy(ports)
    as_function("start")
    message = json.dumps({"kind": "train", "model": "gp", "dataset": "toy"})
    aws("sns").publish(TopicArn=deployment.outputs["topic_arns"]["start"], Message=message)
    (event,) = deployment.calls("start")
    assert event["Records"][0]["Sns"]["Message"] == message
    inbox.handler(event, None)
    inbox.handler(event, None)  # delivered twice, started once
    started = [
        one for one in ports.builds.latest(25) if one.requester.channel == "sns" and one.requester.person == "sns"
    ]
    assert len(started) == 1
    assert ports.pipeline.describe(started[0]).arn.endswith(started[0].execution_name)


def test_claims_and_watches_have_their_table(ports: Ports) -> None:
    assert ports.claims.take("lease/x", "1", 60)
    assert not ports.claims.take("lease/x", "2", 60)


def test_the_state_machine_is_the_one_that_runs_locally(deployment: Deployment, aws: Client) -> None:
    """All but the names: the local engine runs the same definition to READY (tests/end_to_end)."""
    machine = aws("stepfunctions").describe_state_machine(stateMachineArn=deployment.outputs["state_machine_arn"])
    text = machine["definition"]
    for name, arn in deployment.outputs["function_arns"].items():
        text = text.replace(f'"{arn}"', f'"{name}"')
    text = text.replace(deployment.outputs["job_role_arn"], "arn:aws:iam::123456789012:role/sagebuild-local-jobs")
    assert json.loads(text) == json.loads(resources.definition())
    assert machine["loggingConfiguration"]["level"] == "ALL"
    assert not machine["loggingConfiguration"].get("includeExecutionData")
    assert machine["tracingConfiguration"]["enabled"] is True


def sources(type_: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (name, event) for name, row in FUNCTIONS.items() for event in row.get("events", []) if event["type"] == type_
    ]  # fmt: skip


def callers(aws: Client, name: str) -> list[dict[str, Any]]:
    """The statements of who may call a function's alias."""
    policy = aws("lambda").get_policy(FunctionName=f"sagebuild-dev-{name}", Qualifier="live")["Policy"]
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return statements


def caller_arns(aws: Client, name: str, service: str) -> set[str]:
    return {
        one["Condition"]["ArnLike"]["AWS:SourceArn"]
        for one in callers(aws, name)
        if one["Principal"] == {"Service": service}
    }


def test_topics_reach_their_functions(aws: Client, deployment: Deployment) -> None:
    for name, event in sources("topic"):
        topic = deployment.outputs["topic_arns"][event["topic"]]
        subscriptions = aws("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert deployment.outputs["function_arns"][name] in {one["Endpoint"] for one in subscriptions}
        assert topic in caller_arns(aws, name, "sns.amazonaws.com")


def test_files_that_arrive_reach_their_functions(aws: Client, deployment: Deployment) -> None:
    bucket = deployment.outputs["data_bucket"]
    notification = aws("s3").get_bucket_notification_configuration(Bucket=bucket)
    found = {
        (one["LambdaFunctionArn"], rule["Value"])
        for one in notification.get("LambdaFunctionConfigurations", [])
        for rule in one["Filter"]["Key"]["FilterRules"]
    }
    wanted = {(deployment.outputs["function_arns"][name], event["prefix"]) for name, event in sources("object-created")}
    assert found == wanted
    for name, _ in sources("object-created"):
        assert f"arn:aws:s3:::{bucket}" in caller_arns(aws, name, "s3.amazonaws.com")


@pytest.mark.parametrize("type_", ["execution-changed", "endpoint-changed", "job-changed", "schedule", "outbox"])
def test_rules_reach_their_functions(type_: str, aws: Client, deployment: Deployment) -> None:
    events = aws("events")
    for name, _ in sources(type_):
        arn = deployment.outputs["function_arns"][name]
        rules = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        assert [rule for rule in rules if type_ in rule], f"no rule of {type_} for {name}"
        allowed = caller_arns(aws, name, "events.amazonaws.com")
        assert {f"arn:aws:events:us-east-1:123456789012:rule/{rule}" for rule in rules} <= allowed


def test_the_outbox_wakes_its_function(aws: Client, deployment: Deployment) -> None:
    for name, _ in sources("outbox"):
        arn = deployment.outputs["function_arns"][name]
        (mapping,) = aws("lambda").list_event_source_mappings(FunctionName=arn)["EventSourceMappings"]
        assert "/sagebuild-dev-builds/stream/" in mapping["EventSourceArn"]
        assert mapping["BisectBatchOnFunctionError"] is True


def test_the_chat_api_reaches_its_function_alone(aws: Client, deployment: Deployment) -> None:
    (api,) = aws("apigatewayv2").get_apis()["Items"]
    (stage,) = aws("apigatewayv2").get_stages(ApiId=api["ApiId"])["Items"]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 20
    urls = deployment.outputs["slack_request_urls"]
    for name, event in sources("http"):
        path = event["route"].split(" ")[1]
        assert urls[event["route"]].endswith(path)
        allowed = caller_arns(aws, name, "apigateway.amazonaws.com")
        assert [arn for arn in allowed if arn.endswith(f":{api['ApiId']}/*/{event['route'].replace(' ', '')}")]


def test_a_queue_reaches_its_worker_in_order(aws: Client, deployment: Deployment) -> None:
    for worker, event in sources("queue"):
        arn = deployment.outputs["function_arns"][worker]
        (mapping,) = aws("lambda").list_event_source_mappings(FunctionName=arn)["EventSourceMappings"]
        queue = mapping["EventSourceArn"].rpartition(":")[2]
        assert queue == f"sagebuild-dev-{event['queue']}.fifo"
        url = aws("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        attributes = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["DeduplicationScope"] == "messageGroup"
        assert int(attributes["VisibilityTimeout"]) >= 6 * FUNCTIONS[worker]["timeout_s"]
        assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith("-dead-letters.fifo")


def test_who_sends_to_a_queue_and_reads_a_secret_is_told_where_they_are(aws: Client) -> None:
    for name, row in FUNCTIONS.items():
        told = aws("lambda").get_function_configuration(FunctionName=f"sagebuild-dev-{name}")["Environment"][
            "Variables"
        ]
        for queue in row.get("sends", []):
            assert told[f"SAGEBUILD_{queue.upper()}_QUEUE_URL"].endswith(f"/sagebuild-dev-{queue}.fifo")
        for secret in row.get("secrets", []):
            arn = aws("secretsmanager").describe_secret(SecretId=f"sagebuild/dev/{secret}")["ARN"]
            assert told[f"SAGEBUILD_{secret.upper()}_SECRET_ARN"] == arn


def test_alexa_may_call_the_skills_function(aws: Client) -> None:
    """Of tests/terraform/channels.json until the house has one. moto forgets the token; test_plan.py sees it."""
    for name, _ in sources("alexa"):
        (statement,) = callers(aws, name)
        assert statement["Principal"] in ("alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"})


def test_secrets_are_there_and_empty(aws: Client) -> None:
    secrets = aws("secretsmanager").list_secrets()["SecretList"]
    named = {secret for row in FUNCTIONS.values() for secret in row.get("secrets", [])}
    assert {secret["Name"] for secret in secrets} == {f"sagebuild/dev/{name}" for name in named}
    for secret in secrets:
        assert not aws("secretsmanager").list_secret_version_ids(SecretId=secret["ARN"])["Versions"]


def test_image_builds_tell_the_digest(aws: Client) -> None:
    """The build's commands are valid shell, and the tag that they make is one that a registry takes."""
    projects = aws("codebuild").batch_get_projects(names=["sagebuild-dev-gp", "sagebuild-dev-keras"])["projects"]
    for project in projects:
        buildspec = yaml.safe_load(project["source"]["buildspec"])
        assert buildspec["env"]["exported-variables"] == ["IMAGE_URI"]
        commands = [command for phase in buildspec["phases"].values() for command in phase["commands"]]
        subprocess.run(["bash", "-n"], input="\n".join(commands), text=True, check=True, timeout=10)
        (tagging,) = [command for command in commands if command.startswith("TAG=")]
        variables = {"CODEBUILD_RESOLVED_SOURCE_VERSION": "arn:aws:s3:x/v.1~", "CODEBUILD_BUILD_NUMBER": "7"}
        said = subprocess.run(
            ["bash", "-c", f'{tagging}; echo "$TAG"'],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\n", said.stdout), said.stdout


def test_the_bucket_is_private_versioned_and_encrypted(aws: Client, deployment: Deployment) -> None:
    s3, bucket = aws("s3"), deployment.outputs["data_bucket"]
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_every_log_is_kept_for_a_time_and_encrypted(aws: Client) -> None:
    groups = aws("logs").describe_log_groups()["logGroups"]
    assert len(groups) >= len(FUNCTIONS) + 1
    for group in groups:
        assert group["retentionInDays"] == 14, group["logGroupName"]
        assert group["kmsKeyId"], group["logGroupName"]


def test_alarms_tell_the_notification_topic(aws: Client, deployment: Deployment) -> None:
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) > 2 * len(FUNCTIONS)
    for alarm in alarms:
        assert deployment.outputs["topic_arns"]["notices"] in alarm["AlarmActions"]


def test_what_a_function_did_not_take_is_kept(aws: Client) -> None:
    for name, row in FUNCTIONS.items():
        # Who calls over HTTP or as the skill waits for the answer; a queue and a stream deliver again by themselves.
        if {event["type"] for event in row.get("events", [])} - {"outbox", "http", "queue", "alexa"}:
            config = aws("lambda").get_function_event_invoke_config(
                FunctionName=f"sagebuild-dev-{name}", Qualifier="live"
            )  # fmt: skip
            assert config["DestinationConfig"]["OnFailure"]["Destination"].endswith(":sagebuild-dev-dead-letters")


def test_the_first_person_is_let_in(ports: Ports, deployment: Deployment) -> None:
    wire = Wire(boto3.Session("test", "test", region_name="us-east-1"), deployment.endpoint, "applied")
    arguments = ["dev", "ada", "--name", "Ada", "--role", "admin", "--identity", "slack:T1:U2"]
    assert people.main(arguments, Clients(lambda: wire)) == 0
    found = ports.people.by_identity("slack:T1:U2")
    assert found is not None
    assert (found.name, found.role) == ("Ada", "admin")


def test_the_settings_document_is_there(ports: Ports) -> None:
    assert effective(ports.settings.load(), {}).deploy_after_training is True


def test_the_state_holds_no_secret(deployment: Deployment) -> None:
    assert "aws_secretsmanager_secret_version" not in deployment.state
    assert "SecretString" not in deployment.state
