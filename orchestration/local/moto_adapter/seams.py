"""The self-check at start: moto is the pinned one, and each thing that we reach into is where we expect it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

PIN = "5.2.5"

_PARSER = "moto.stepfunctions.parser"
_EXEC = f"{_PARSER}.asl.component.state.exec"


class BrokenSeam(Exception):
    """moto is not the one that the adapter was written for; the message names the seam."""


@dataclass(frozen=True)
class Seam:
    """Something of moto's that the adapter replaces, calls or subclasses; parameters: those that must be there."""

    module: str
    name: str
    parameters: tuple[str, ...] = ()


SEAMS: Sequence[Seam] = (
    Seam("moto.core.config", "default_user_config"),
    Seam(f"{_PARSER}.models", "StepFunctionsParserBackend.start_execution", ("name", "execution_input")),
    Seam(f"{_PARSER}.models", "StepFunctionsParserBackend.send_task_failure", ("task_token", "error", "cause")),
    Seam(f"{_PARSER}.models", "stepfunctions_parser_backends"),
    Seam("moto.stepfunctions.responses", "StepFunctionResponse.send_task_failure"),
    Seam("moto.stepfunctions.responses", "StepFunctionResponse.stop_execution"),
    Seam(f"{_PARSER}.backend.execution", "Execution.get_start_execution_details"),
    Seam(f"{_PARSER}.backend.execution", "BaseExecutionWorkerCommunication.terminated"),
    Seam(f"{_PARSER}.backend.execution_worker", "ExecutionWorker._get_evaluation_entrypoint"),
    Seam(f"{_PARSER}.backend.execution_worker", "ExecutionWorker._get_evaluation_environment"),
    Seam(f"{_PARSER}.asl.eval.event.event_manager", "EventManager._publish_history_event", ("event_details",)),
    Seam(f"{_PARSER}.asl.eval.environment", "Environment.set_error", ("error",)),
    Seam(f"{_PARSER}.asl.eval.program_state", "ProgramStopped"),
    Seam(f"{_PARSER}.asl.eval.callback.callback", "CallbackEndpoint.interrupt_all"),
    Seam(f"{_PARSER}.asl.component.eval_component", "EvalComponent.heap_key"),
    Seam(f"{_PARSER}.asl.parse.asl_parser", "AmazonStateLanguageParser.parse", ("definition",)),
    Seam(f"{_PARSER}.utils", "TMP_THREADS"),
    Seam(f"{_PARSER}.asl.utils.boto_client", "boto_client_for", ("region", "service")),
    Seam(f"{_EXEC}.state_task.state_task_factory", "state_task_service_for", ("service_name",)),
    Seam(
        f"{_EXEC}.state_task.service.state_task_service_callback",
        "StateTaskServiceCallback._eval_integration_pattern",
        ("env", "resource_runtime_part", "normalised_parameters", "state_credentials"),
    ),
    Seam("moto.dynamodb.models.table", "Table.get_item", ("hash_key", "range_key")),
    Seam("moto.dynamodb.models", "DynamoDBBackend.put_item", ("table_name", "item_attrs")),
    Seam("moto.dynamodb.models", "DynamoDBBackend.transact_write_items", ("transact_items",)),
    Seam("moto.dynamodb.models", "DynamoDBBackend.get_keys_value", ("table", "keys")),
    Seam("moto.dynamodb.models", "copy.deepcopy"),
    Seam("moto.s3.models", "S3Backend.put_object", ("bucket_name", "key_name", "value")),
    Seam("moto.moto_server.werkzeug_app", "DomainDispatcherApplication", ("create_app",)),
)


def check(seams: Sequence[Seam] = SEAMS) -> None:
    """Raises BrokenSeam naming the first seam that is not as expected."""
    found = version("moto")
    if found != PIN:
        raise BrokenSeam(
            f"moto is {found}, but the local engine was written for {PIN}; install the locked requirements."
        )
    for seam in seams:
        target: object = importlib.import_module(seam.module)
        for part in seam.name.split("."):
            target = getattr(target, part, None)
            if target is None:
                raise BrokenSeam(f"moto {found} has no {seam.module}.{seam.name}.")
        if seam.parameters:
            _check_parameters(seam, target)


def _check_parameters(seam: Seam, target: object) -> None:
    if not callable(target):
        raise BrokenSeam(f"moto's {seam.module}.{seam.name} cannot be called any more.")
    there = inspect.signature(target).parameters
    if missing := [name for name in seam.parameters if name not in there]:
        raise BrokenSeam(f"moto's {seam.module}.{seam.name} no longer takes {', '.join(missing)}.")
