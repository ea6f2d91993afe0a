"""Step Functions on moto's interpreter: its faults mended, and what the engine hears of executions.

What was measured of moto 5.2.5: an execution without a name is called "None"; `$$.Execution.StartTime` is not JSON;
SendTaskFailure drops the cause and StopExecution both error and cause; ValidateStateMachineDefinition and
ListStateMachineVersions, which Terraform needs, answer 500; each task makes a new boto client (16 ms) with fixed keys.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from moto.core.config import default_user_config
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser import models
from moto.stepfunctions.parser.api import InvalidExecutionInput
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.backend import execution
from moto.stepfunctions.parser.utils import TMP_THREADS
from moto.stepfunctions.responses import StepFunctionResponse

from orchestration.local.moto_adapter import items, journal

STATE_TIMEOUT_S = 99_999_999  # a state's own TimeoutSeconds ends a task, not the client's
STARTING_S = 5.0
ENDED_KEPT = 100
DATA = frozenset({"input", "inputDetails", "output", "outputDetails", "parameters"})


@dataclass(frozen=True)
class Listener:
    """What the engine wants to hear, and writes down before it happens.

    started: name, machine ARN, input. entered: name, state, its input. stopping: name, error, cause. ended: ARN, name,
    status, error, cause.
    """

    started: Callable[[str, str, str], None]
    entered: Callable[[str, str, str], None]
    stopping: Callable[[str, str | None, str | None], None]
    ended: Callable[[str, str, str, str | None, str | None], None]


class _Backend(models.StepFunctionsParserBackend):
    listener: Listener

    def start_execution(
        self, state_machine_arn: str, name: Any = None, execution_input: Any = None, trace_header: Any = None
    ) -> Any:
        name = name or str(uuid.uuid4())
        machine = self.describe_state_machine(state_machine_arn)
        if not any(one.name == name for one in machine.executions):
            _check_input(execution_input)
            self.listener.started(name, state_machine_arn, execution_input or "{}")
            _forget_old(machine)
        return super().start_execution(state_machine_arn, name, execution_input, trace_header)


def _check_input(execution_input: str | None) -> None:
    """Before the start is written down, or every boot would try it again. Raises moto's InvalidExecutionInput."""
    try:
        json.loads(execution_input or "{}")
    except ValueError as error:
        raise InvalidExecutionInput(str(error)) from error


def install(make_client: Callable[..., Any], listener: Listener) -> None:
    """Mend moto in this process. make_client(service, config) gives a client of the engine itself."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    _Backend.listener = listener
    models.stepfunctions_parser_backends.backend = _Backend
    StepFunctionResponse.send_task_failure = _send_task_failure
    StepFunctionResponse.stop_execution = _stop_execution
    StepFunctionResponse.validate_state_machine_definition = _validate_definition
    StepFunctionResponse.list_state_machine_versions = lambda self: ActionResult({"stateMachineVersions": []})
    _mend_start_time()
    _mend_stopping()
    _hear_ends(listener)
    items.install()
    journal.install(listener.entered)
    _use_clients(_client_for(make_client))


def resume(account: str, region: str, name: str, machine: str, input_: str, at: journal.Place | None) -> None:
    """Run an execution of an engine before us, under its name, from the state that it was in (None: from the start)."""
    if at is not None:
        journal.resume_at(name, at)
    models.stepfunctions_parser_backends[account][region].start_execution(machine, name, input_)


def _forget_old(machine: Any) -> None:
    """moto keeps every execution for ever: the oldest ended ones go."""
    ended = [one for one in machine.executions if one.exec_status != "RUNNING"]
    for one in ended[: max(0, len(ended) - ENDED_KEPT)]:
        machine.executions.remove(one)


def running_executions() -> int:
    """How many executions have not ended."""
    return sum(
        1
        for regions in models.stepfunctions_parser_backends.values()
        for backend in regions.values()
        for machine in backend.state_machines
        for one in machine.executions
        if one.exec_status == "RUNNING"
    )


def _client_for(make_client: Callable[..., Any]) -> Callable[..., Any]:
    """One client a service, kept: boto3 clients may be shared between threads."""
    made: dict[str, Any] = {}
    lock = threading.Lock()
    config = Config(
        parameter_validation=False,
        retries={"total_max_attempts": 1},
        connect_timeout=STATE_TIMEOUT_S,
        read_timeout=STATE_TIMEOUT_S,
        max_pool_connections=64,
        proxies={},
    )

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        with lock:
            if service not in made:
                made[service] = make_client(service, config)
            return made[service]

    return boto_client_for


def _use_clients(client_for: Callable[..., Any]) -> None:
    """moto's modules import the function by name, so it is replaced in each of them."""
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions") and hasattr(module, "boto_client_for"):
            setattr(module, "boto_client_for", client_for)  # noqa: B010 - a name that the type checker cannot know


def _send_task_failure(self: Any) -> Any:
    self.stepfunction_backend.send_task_failure(
        self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
    )
    return EmptyResult()


def _stop_execution(self: Any) -> Any:
    arn = self._get_param("executionArn")
    one = self.stepfunction_backend.describe_execution(arn)
    _wait_for_worker(one)
    if one.exec_status == "RUNNING":
        one.error, one.cause = self._get_param("error"), self._get_param("cause")
        _Backend.listener.stopping(one.name, one.error, one.cause)
        self.stepfunction_backend.stop_execution(arn)
        _let_go(one.exec_worker.env)
    return ActionResult({"stopDate": one.stop_date or one.start_date})


def _wait_for_worker(one: Any) -> None:
    """An execution that was started a moment ago has no environment to stop yet."""
    end = time.monotonic() + STARTING_S
    while (one.exec_worker is None or one.exec_worker.env is None) and time.monotonic() < end:
        time.sleep(0.01)


def _let_go(env: Any) -> None:
    """Wake the states that wait for a token: moto lets a stopped execution go on until their time is over."""
    for endpoint in list(env.callback_pool_manager._pool.values()):
        endpoint.interrupt_all()


def _mend_stopping() -> None:
    """A state that was interrupted fails, and moto would take that for the end of the execution."""
    set_error = Environment.set_error

    def unless_stopped(self: Any, error: Any) -> None:
        if not isinstance(self._program_state, ProgramStopped):
            set_error(self, error)

    Environment.set_error = unless_stopped


def _validate_definition(self: Any) -> Any:
    try:
        models.StepFunctionsParserBackend._validate_definition(self._get_param("definition"))
    except Exception as error:
        finding = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error)}
        return ActionResult({"result": "FAIL", "diagnostics": [finding], "truncated": False})
    return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})


def _mend_start_time() -> None:
    details = execution.Execution.get_start_execution_details

    def with_text(self: Any) -> Any:
        found = details(self)
        found.start_time = self.start_date.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        return found

    execution.Execution.get_start_execution_details = with_text


class _Ended:
    """What is kept of an ended execution's worker: its history. The interpreter's state (some MB) is let go."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self.env = self.event_manager = self.callback_pool_manager = self

    def get_event_history(self) -> Any:
        return self._events

    def notify(self, callback_id: str, outcome: Any) -> bool:
        """No state of it waits for a token any more."""
        return False

    def heartbeat(self, callback_id: str) -> bool:
        return False


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    """An event of an ended execution: inputs and outputs, of which each state has four copies, are let go."""
    slim = dict(event)
    for name, details in event.items():
        if isinstance(details, dict):
            slim[name] = {key: value for key, value in details.items() if key not in DATA}
    return slim


def _hear_ends(listener: Listener) -> None:
    communication = execution.BaseExecutionWorkerCommunication
    terminated = communication.terminated

    def heard(self: Any) -> None:
        terminated(self)
        one = self.execution
        one.exec_worker = _Ended([_without_data(event) for event in one.to_history_output()["events"]])
        TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]
        listener.ended(one.exec_arn, one.name, str(one.exec_status.value), one.error, one.cause)

    communication.terminated = heard
