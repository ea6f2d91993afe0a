"""The optimised SageMaker integration that moto's interpreter lacks: `sagemaker:create*`, and `.sync` for jobs.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html: a `.sync` task waits for the job, answers
with its description, fails with States.TaskFailed and that description as the cause, and stops the job when the
execution is stopped.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from orchestration.local.local_sagemaker.errors import LocalSageMakerError
from orchestration.local.moto_adapter import journal
from orchestration.local.moto_adapter.codebuild import CodeBuild

POLL_S = 0.5
ENDED = frozenset({"Completed", "Failed", "Stopped"})
PLAIN = frozenset({"createmodel", "createendpointconfig"})


@dataclass(frozen=True)
class Job:
    """How a job of one kind is described and stopped, and what its name and status are called."""

    describe: str
    stop: str
    name: str
    status: str


JOBS = {
    "createtrainingjob": Job("DescribeTrainingJob", "StopTrainingJob", "TrainingJobName", "TrainingJobStatus"),
    "createprocessingjob": Job(
        "DescribeProcessingJob", "StopProcessingJob", "ProcessingJobName", "ProcessingJobStatus"
    ),
    "createhyperparametertuningjob": Job(
        "DescribeHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
    ),
}


@dataclass(frozen=True)
class Made:
    """How something that a state made is looked up, and what its name and ARN are called."""

    describe: str
    name: str
    arn: str


MADE = {
    "createtrainingjob": Made("DescribeTrainingJob", "TrainingJobName", "TrainingJobArn"),
    "createprocessingjob": Made("DescribeProcessingJob", "ProcessingJobName", "ProcessingJobArn"),
    "createhyperparametertuningjob": Made(
        "DescribeHyperParameterTuningJob", "HyperParameterTuningJobName", "HyperParameterTuningJobArn"
    ),
    "createmodel": Made("DescribeModel", "ModelName", "ModelArn"),
    "createendpointconfig": Made("DescribeEndpointConfig", "EndpointConfigName", "EndpointConfigArn"),
}

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


def install(call: Call) -> None:
    """Give moto's interpreter the integrations. call(operation, request) asks our local SageMaker."""
    service_for = state_task_factory.state_task_service_for
    _SageMaker.call = staticmethod(call)
    ours = {"sagemaker": _SageMaker, "codebuild": CodeBuild}
    state_task_factory.state_task_service_for = lambda service_name: (
        ours[service_name]() if service_name in ours else service_for(service_name)
    )


class _Ends:
    """Wakes the states that wait for a job when one has ended, so that they need not look often."""

    def __init__(self) -> None:
        self._changed, self._count = threading.Condition(), 0

    def seen(self) -> int:
        """How many ends there were so far."""
        return self._count

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, seen: int) -> None:
        """Until there were more, and no longer than POLL_S: a state that was stopped must see that too."""
        with self._changed:
            self._changed.wait_for(lambda: self._count != seen, POLL_S)


_ends = _Ends()


def job_ended() -> None:
    """Some job has ended: whoever waits for it shall look now."""
    _ends.add()


class _SageMaker(StateTaskServiceCallback):
    call: Call

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={ResourceCondition.Sync})

    def _get_supported_parameters(self) -> set[str] | None:
        action = self.resource.api_action.lower()
        return set() if action in JOBS or action in PLAIN else None

    def _normalise_parameters(
        self, parameters: Any, boto_service_name: Any = None, service_action_name: Any = None
    ) -> None:
        """SageMaker's own names are the parameters' names already."""

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        action = self.resource.api_action
        try:
            answer = type(self).call(action[0].upper() + action[1:], normalised_parameters)
        except LocalSageMakerError:
            if not (journal.was_resumed(env) and _is_made(type(self).call, action.lower(), normalised_parameters)):
                raise
            answer = {}  # this execution made it before the engine ended: it is adopted
        env.stack.append(_plain(answer))

    def _eval_integration_pattern(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        env.stack.pop()
        job = JOBS[self.resource.api_action.lower()]
        request = {job.name: normalised_parameters[job.name]}
        while env.is_running():
            seen = _ends.seen()
            described = type(self).call(job.describe, request)
            if described[job.status] in ENDED:
                self._answer(env, described, described[job.status])
                return
            _ends.wait(seen)
        type(self).call(job.stop, request)

    def _answer(self, env: Any, described: dict[str, Any], status: str) -> None:
        plain = _plain(described)
        if status != "Completed":
            raise FailureEventException(
                self._failure(env, ErrorName("States.TaskFailed"), "States.TaskFailed", json.dumps(plain))
            )
        env.stack.append(plain)

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, LocalSageMakerError):
            return super()._from_error(env=env, ex=ex)
        name = f"SageMaker.{ex.code if ex.code.startswith('Resource') else 'AmazonSageMaker'}Exception"
        cause = f"{ex.message} (Service: AmazonSageMaker; Status Code: {ex.http_status}; Error Code: {ex.code})"
        return self._failure(env, CustomErrorName(name), name, cause)

    def _failure(self, env: Any, name: Any, error: str, cause: str) -> Any:
        details = TaskFailedEventDetails(
            error=error, cause=cause, resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type()
        )
        return FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )


def _is_made(call: Call, action: str, request: dict[str, Any]) -> bool:
    """Whether what the request asks for is there already, and is this build's own: by its tags."""
    try:
        made = MADE[action]
        arn = call(made.describe, {made.name: request[made.name]})[made.arn]
        return bool(call("ListTags", {"ResourceArn": arn})["Tags"] == request["Tags"])
    except LocalSageMakerError:
        return False


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    """JSON as Step Functions gives it: times are milliseconds since 1970."""
    text = json.dumps(answer, default=_milliseconds)
    plain: dict[str, Any] = json.loads(text)
    return plain


def _milliseconds(value: object) -> int | str:
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else str(value)
