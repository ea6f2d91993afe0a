"""The faults of stock moto that the adapter mends, as a program: prints which of them are still there, as JSON.

A process of its own, because the adapter changes moto for good in the process that installs it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from moto import mock_aws
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.responses import StepFunctionResponse

from orchestration.local.session import local_session

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
            "no SageMaker integration": no_sagemaker(),
        }


def start_time_fails(states: Any, arn: str) -> bool:
    try:
        return status(states, arn)["status"] != "SUCCEEDED"
    except Exception:
        return True


def no_sagemaker() -> bool:
    service = state_task_factory.state_task_service_for("sagemaker")
    return type(service).__name__ == "StateTaskServiceUnsupported"


def source(function: Any) -> str:
    import inspect

    return inspect.getsource(function)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(faults()))
