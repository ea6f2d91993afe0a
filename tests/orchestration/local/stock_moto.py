"""The faults of stock moto that the adapter mends, as a program: prints which of them are still there, as JSON.

A process of its own, because the adapter changes moto for good in the process that installs it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.backend import execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from orchestration.local.resources import table
from orchestration.local.session import local_session

EC2_WAS_IMPORTED = "moto.ec2" in sys.modules

ROLE = "arn:aws:iam::123456789012:role/r"
CONFIG: dict[str, Any] = {"stepfunctions": {"execute_state_machine": True}}


def machine(states: Any, name: str, definition: dict[str, Any]) -> str:
    answer = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(answer["stateMachineArn"])


def status(states: Any, arn: str) -> dict[str, Any]:
    for _ in range(200):
        described: dict[str, Any] = states.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.02)
    raise TimeoutError(arn)


def faults() -> dict[str, bool]:
    with mock_aws(config=CONFIG):
        states = local_session("testing", "us-east-1").client("stepfunctions")
        passing = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
        unnamed = states.start_execution(stateMachineArn=machine(states, "unnamed", passing))["executionArn"]
        waiting = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 20, "End": True}}}
        stopped = states.start_execution(stateMachineArn=machine(states, "wait", waiting), name="w")["executionArn"]
        time.sleep(0.3)
        states.stop_execution(executionArn=stopped, error="E", cause="why")
        timed = {
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "Parameters": {"t.$": "$$.Execution.StartTime"}, "End": True}},
        }
        at = states.start_execution(stateMachineArn=machine(states, "timed", timed), name="t")["executionArn"]
        return {
            "an execution without a name is called None": unnamed.endswith(":None"),
            "StopExecution drops the cause": status(states, stopped).get("cause") != "why",
            "the start time is not JSON": start_time_fails(states, at),
            "SendTaskFailure drops the cause": '_get_param("cause")'
            not in source(StepFunctionResponse.send_task_failure),
            "no ValidateStateMachineDefinition": not hasattr(StepFunctionResponse, "validate_state_machine_definition"),
            "no ListStateMachineVersions": not hasattr(StepFunctionResponse, "list_state_machine_versions"),
            "no SageMaker integration": is_unsupported("sagemaker"),
            "no CodeBuild integration": is_unsupported("codebuild"),
            "a stopped execution waits on for its token": "interrupt_all" not in source(Environment.set_stop)
            and "interrupt_all" not in source(execution.Execution.stop),
            "a stopped execution may end as failed": "ProgramStopped" not in source(Environment.set_error),
            "each execution parses its definition": "AmazonStateLanguageParser.parse"
            in source(ExecutionWorker._get_evaluation_entrypoint),
            "a transaction copies whole tables": transaction_copies_tables(),
            "Step Functions and SSM import EC2": EC2_WAS_IMPORTED,
        }


def start_time_fails(states: Any, arn: str) -> bool:
    try:
        return status(states, arn)["status"] != "SUCCEEDED"
    except Exception:
        return True


def is_unsupported(name: str) -> bool:
    return type(state_task_factory.state_task_service_for(name)).__name__ == "StateTaskServiceUnsupported"


def transaction_copies_tables() -> bool:
    """Whether a table is another one after a transaction that was undone."""
    dynamodb = local_session("testing", "us-east-1").client("dynamodb")
    dynamodb.create_table(**table("builds", "t"))
    tables = dynamodb_backends["123456789012"]["us-east-1"].tables
    before = tables["t"]
    put = {
        "TableName": "t",
        "Item": {"pk": {"S": "1"}, "sk": {"S": "-"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": put}])
    except dynamodb.exceptions.TransactionCanceledException:
        return tables["t"] is not before
    return False


def source(function: Any) -> str:
    import inspect

    return inspect.getsource(function)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(faults()))
