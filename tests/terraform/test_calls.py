"""Reading from the code what a function asks of AWS: known functions, and each kind of call on its own."""

from __future__ import annotations

import pytest

from terraform.package import function_table
from terraform.tools import calls
from terraform.tools.actions import needed
from terraform.tools.calls import Operation

FUNCTIONS = function_table()


def of(name: str) -> dict[str, list[str]]:
    return calls.permissions(FUNCTIONS[name]["handler"])


def test_every_port_has_its_adapter() -> None:
    from dataclasses import fields

    from orchestration.ports import Ports

    no_adapter = {"clock", "built_in", "environment"}
    assert {field.name for field in fields(Ports)} - no_adapter == calls.adapters().keys()


def test_a_function_may_do_what_its_steps_do_through_ports() -> None:
    announce = of("announce")
    assert announce["notices-topic"] == ["sns:Publish"]
    assert announce["state-machine"] == ["states:StartExecution"]
    assert "dynamodb:DeleteItem" in announce["builds-table"]


def test_and_no_more() -> None:
    announce = of("announce")
    assert announce.keys() == {"builds-table", "notices-topic", "state-machine"}
    assert "dynamodb:PutItem" not in announce["builds-table"]


def test_operations_that_are_given_as_text_are_found() -> None:
    """`getattr(client, kind.stop)` of aws/jobs.py."""
    assert of("close-build")["tuning-jobs"] == ["sagemaker:StopHyperParameterTuningJob"]


def test_transactions_are_what_they_hold() -> None:
    written = of("record-status")["builds-table"]
    assert {"dynamodb:PutItem", "dynamodb:UpdateItem"} <= set(written)
    assert not [action for action in written if "Transact" in action]


def test_a_conversation_may_do_what_its_handlers_do() -> None:
    """Through the registry of handlers, classes and ports that are handed on by themselves."""
    start = of("start")
    assert "sagemaker:InvokeEndpoint" in start["endpoints"]
    assert "states:StopExecution" in start["executions"]
    assert "dynamodb:GetItem" in start["state-table"]


@pytest.mark.parametrize(
    ("operation", "pairs"),
    [
        (Operation("x", "dynamodb", "query", "builds-table"), {("builds-table", "dynamodb:Query")}),
        (Operation("x", "dynamodb", "query", "builds-table", index=True), {("builds-indexes", "dynamodb:Query")}),
        (Operation("artifacts", "s3", "get_object"), {("build-files", "s3:GetObject"), ("bucket", "s3:ListBucket")}),
        (Operation("datasets", "s3", "delete_objects"), {("datasets", "s3:DeleteObject")}),
        (Operation("x", "stepfunctions", "send_task_failure"), {("unscoped", "states:SendTaskFailure")}),
        (Operation("x", "sagemaker", "list_training_jobs"), {("unscoped", "sagemaker:ListTrainingJobs")}),
        (Operation("x", "sagemaker", "stop_training_job"), {("training-jobs", "sagemaker:StopTrainingJob")}),
        (Operation("x", "sagemaker-runtime", "invoke_endpoint"), {("endpoints", "sagemaker:InvokeEndpoint")}),
        (
            Operation("x", "sagemaker", "create_endpoint", tagged=True),
            {
                ("endpoints", "sagemaker:CreateEndpoint"),
                ("endpoints", "sagemaker:AddTags"),
                ("endpoint-configs", "sagemaker:CreateEndpoint"),
            },
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Operation) else "",
)
def test_an_operation_needs_these_actions(operation: Operation, pairs: set[tuple[str, str]]) -> None:
    assert set(needed(operation)) == pairs
