"""What the plan says, before anything is there: each role's permissions, each function, each rule's events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.local import resources
from terraform.package import function_table
from terraform.tools.workspace import ROOT
from tests.terraform.deployment import ARCHITECTURE, RUNTIME, SKILL, Deployment
from tests.terraform.patterns import matches

FUNCTIONS: dict[str, dict[str, Any]] = function_table()
UNSCOPED = json.loads((ROOT / "terraform" / "unscoped.json").read_text())
ACCOUNT, REGION = "123456789012", "us-east-1"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:sagebuild-dev-build"
# Actions that are on everything but for a condition: the action to the condition's key.
BY_CONDITION = {"cloudwatch:PutMetricData": "cloudwatch:namespace"}

Planned = Mapping[str, dict[str, Any]]


def of_type(planned: Planned, type_: str) -> dict[str, dict[str, Any]]:
    return {address: values for address, values in planned.items() if f".{type_}." in address}


def statements(planned: Planned) -> list[tuple[str, dict[str, Any]]]:
    """(address, statement) of every role's permissions."""
    found = []
    for address, values in of_type(planned, "aws_iam_role_policy").items():
        if ".permissions" in address:
            found += [(address, statement) for statement in json.loads(values["policy"])["Statement"]]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_everything_is_made_and_nothing_else_happens(plan: Mapping[str, Any]) -> None:
    actions = {tuple(change["change"]["actions"]) for change in plan["resource_changes"]}
    assert actions <= {("create",), ("read",)}


def test_every_role_has_its_permissions_in_the_plan(planned: Planned) -> None:
    roles = of_type(planned, "aws_iam_role")
    assert len(roles) == len({address for address, _ in statements(planned)})
    names = {values["name"] for values in roles.values()}
    assert {f"sagebuild-dev-{name}" for name in FUNCTIONS} < names


def test_no_role_may_do_everything_to_anything(planned: Planned) -> None:
    assert of_type(planned, "aws_iam_role_policy_attachment") == {}
    for address, statement in statements(planned):
        assert statement["Effect"] == "Allow"
        assert [action for action in listed(statement["Action"]) if "*" in action] == [], address
        if "*" in listed(statement["Resource"]):
            assert [
                action
                for action in listed(statement["Action"])
                if action not in UNSCOPED and BY_CONDITION.get(action) not in _condition_keys(statement)
            ] == [], address


def _condition_keys(statement: Mapping[str, Any]) -> set[str]:
    return {key for test in statement.get("Condition", {}).values() for key in test}


def test_what_is_named_is_this_environments(planned: Planned) -> None:
    """Every resource is in this account, and named as this environment's, but for what services name themselves."""
    services_own = (
        "rule/StepFunctionsGetEvent", "log-group:/aws/sagemaker/", "aws-service-role/", "scalable-target/",
    )  # fmt: skip
    for address, statement in statements(planned):
        for resource in listed(statement["Resource"]):
            if resource != "*" and not any(part in resource for part in services_own):
                assert "sagebuild-dev-" in resource or "/dev-" in resource or "sagebuild/dev/" in resource, address
                assert ACCOUNT in resource, address


def test_roles_are_passed_to_sagemaker_alone(planned: Planned) -> None:
    passing = [one for _, one in statements(planned) if "iam:PassRole" in listed(one["Action"])]
    assert len(passing) == 1
    assert passing[0]["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert listed(passing[0]["Resource"]) == [f"arn:aws:iam::{ACCOUNT}:role/sagebuild-dev-jobs"]


def test_services_take_roles_for_this_account_alone(planned: Planned) -> None:
    for address, values in of_type(planned, "aws_iam_role").items():
        (trust,) = json.loads(values["assume_role_policy"])["Statement"]
        service = trust["Principal"]["Service"]
        if service != "lambda.amazonaws.com":
            assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, address


def test_the_key_is_not_given_away(planned: Planned) -> None:
    ((_, key),) = of_type(planned, "aws_kms_key").items()
    assert key["enable_key_rotation"] is True
    for statement in json.loads(key["policy"])["Statement"]:
        assert "kms:*" not in listed(statement["Action"])
        assert statement["Principal"] != "*"
        assert "Service" not in statement["Principal"] or "Condition" in statement


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_as_its_row_says(name: str, planned: Planned) -> None:
    row = FUNCTIONS[name]
    function = planned[f'module.function["{name}"].aws_lambda_function.this']
    assert function["function_name"] == f"sagebuild-dev-{name}"
    assert (function["handler"], function["timeout"], function["memory_size"]) == (
        row["handler"], row["timeout_s"], row["memory_mb"],
    )  # fmt: skip
    assert (function["runtime"], function["architectures"]) == (RUNTIME, [ARCHITECTURE])
    if not row.get("secrets"):  # a secret's ARN ends with what AWS makes up; test_apply.py sees those
        assert function["environment"][0]["variables"].keys() == set(row["environment"])
    assert function["publish"] is True


def test_tables_are_those_of_local_mode(planned: Planned) -> None:
    for logical in ("builds", "state"):
        table = planned[f'module.tables.aws_dynamodb_table.this["{logical}"]']
        local = resources.table(logical, table["name"])
        keys = [{"AttributeName": table[f"{key}_key"], "KeyType": key.upper()} for key in ("hash", "range")]
        assert keys == local["KeySchema"]
        indexes = {index["name"] for index in table["global_secondary_index"]}
        assert indexes == {index["IndexName"] for index in local.get("GlobalSecondaryIndexes", [])}
        attributes = {(one["name"], one["type"]) for one in table["attribute"]}
        assert attributes == {(a["AttributeName"], a["AttributeType"]) for a in local["AttributeDefinitions"]}
        assert table["billing_mode"] == "PAY_PER_REQUEST"
        assert table["point_in_time_recovery"][0]["enabled"] is True


def test_images_cannot_be_overwritten(planned: Planned) -> None:
    for repository in of_type(planned, "aws_ecr_repository").values():
        assert repository["image_tag_mutability"] == "IMMUTABLE"
        assert repository["image_scanning_configuration"][0]["scan_on_push"] is True


def test_no_secret_has_a_value(plan: Mapping[str, Any]) -> None:
    types = {change["type"] for change in plan["resource_changes"]}
    assert types & {"aws_secretsmanager_secret_version", "aws_iam_access_key"} == set()


# As https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html and
# https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html show them.
EXECUTION = {
    "source": "aws.states",
    "detail-type": "Step Functions Execution Status Change",
    "detail": {"executionArn": f"{MACHINE}:x", "stateMachineArn": MACHINE, "name": "sns-1", "status": "FAILED"},
}
ENDPOINT = {
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Endpoint State Change",
    "detail": {"EndpointName": "dev-gp-toy", "EndpointStatus": "IN_SERVICE"},
}


@pytest.mark.parametrize(
    ("function", "event", "is_taken"),
    [
        ("close-build", EXECUTION, True),
        ("close-build", EXECUTION | {"detail": EXECUTION["detail"] | {"status": "RUNNING"}}, False),  # type: ignore[operator]
        ("close-build", EXECUTION | {"detail": EXECUTION["detail"] | {"stateMachineArn": "another"}}, False),  # type: ignore[operator]
        ("endpoint-changed", ENDPOINT, True),
        ("endpoint-changed", ENDPOINT | {"detail": {"EndpointName": "prod-gp-toy"}}, False),
        ("endpoint-changed", EXECUTION, False),
    ],
    ids=["failed", "running", "another machine", "endpoint", "another environment", "another kind"],
)
def test_rules_take_the_events_of_this_environment(
    function: str, event: dict[str, Any], is_taken: bool, plan: Mapping[str, Any]
) -> None:
    patterns = [
        json.loads(change["change"]["after"]["event_pattern"])
        for change in plan["resource_changes"]
        if change["type"] == "aws_cloudwatch_event_rule" and change["index"].startswith(function)
        if change["change"]["after"]["event_pattern"]
    ]
    assert len(patterns) == 1
    assert matches(patterns[0], event) is is_taken


def test_the_stream_wakes_for_new_lines_of_the_outbox_alone(planned: Planned) -> None:
    mappings = of_type(planned, "aws_lambda_event_source_mapping").items()
    (mapping,) = [values for address, values in mappings if "triggers" in address]
    (criteria,) = mapping["filter_criteria"]
    pattern = json.loads(criteria["filter"][0]["pattern"])
    line = {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": "OUTBOX"}, "sk": {"S": "0000000001#0"}}}}
    assert matches(pattern, line)
    assert not matches(pattern, line | {"eventName": "MODIFY"})
    assert not matches(pattern, {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": "BUILD#1"}}}})


def test_alexa_calls_as_the_one_skill(planned: Planned) -> None:
    (permission,) = [one for address, one in planned.items() if address.startswith("module.alexa")]
    assert (permission["principal"], permission["event_source_token"]) == ("alexa-appkit.amazon.com", SKILL)


def test_others_call_for_this_account_alone(planned: Planned) -> None:
    """Known in the plan or not, each permission names who calls: a rule, a topic, an API; for a bucket, its account."""
    for address, permission in of_type(planned, "aws_lambda_permission").items():
        if not address.startswith("module.alexa"):
            assert (
                "source_arn" not in permission or ACCOUNT in permission["source_arn"] or permission["source_account"]
            ), address
            assert permission["qualifier"] == "live"


def test_every_rule_keeps_what_it_cannot_deliver(planned: Planned) -> None:
    targets = of_type(planned, "aws_cloudwatch_event_target")
    assert targets
    for target in targets.values():
        assert target["dead_letter_config"]


NAMES = ("name", "function_name", "bucket", "alarm_name", "dashboard_name")


def names(planned: Planned) -> set[str]:
    """What things are called that must not be called the same twice in an account."""
    in_account = {address: values for address, values in planned.items() if ".aws_iam_role_policy." not in address}
    return {str(values[key]) for values in in_account.values() for key in NAMES if isinstance(values.get(key), str)}


def test_production_lives_beside_development(deployment: Deployment, planned: Planned) -> None:
    """In one account, with nothing of one called as something of the other; what is kept there is protected."""
    document = deployment.plan_of("envs/prod.tfvars")
    production = {change["address"]: change["change"]["after"] for change in document["resource_changes"]}
    ours = {name for name in names(production) if "sagebuild" in name}
    assert len(ours) > 50
    assert ours & names(planned) == set()
    for table in of_type(production, "aws_dynamodb_table").values():
        assert table["deletion_protection_enabled"] is True
    for bucket in of_type(production, "aws_s3_bucket").values():
        assert bucket["force_destroy"] is False
    for repository in of_type(production, "aws_ecr_repository").values():
        assert repository["force_delete"] is False
    for group in of_type(production, "aws_cloudwatch_log_group").values():
        assert group["retention_in_days"] == 365


def test_the_configuration_is_formatted(deployment: Deployment) -> None:
    """Valid it is: it was planned; `make check` asks `terraform validate`."""
    deployment.workspace.run("fmt", "-check", "-recursive")
