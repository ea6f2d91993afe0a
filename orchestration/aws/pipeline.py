"""Pipeline on Step Functions, and the SageMaker jobs that its states run.

Pages: https://docs.aws.amazon.com/step-functions/latest/apireference/ (StartExecution, StopExecution).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws import jobs
from orchestration.aws.clients import Clients, error_code, translated
from orchestration.builds import Build, Environment, Json, build_prefix
from orchestration.ports import Execution, Training, Trial, UnknownExecution

MAX_CAUSE_CHARS = 32_768  # StopExecution, SendTaskFailure
NO_EXECUTION = frozenset({"ExecutionDoesNotExist", "InvalidArn"})
ENDED_TOKENS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctionsPipeline:
    """The port Pipeline."""

    def __init__(self, clients: Clients, environment: Environment) -> None:
        self._clients, self._environment = clients, environment

    def start(self, build: Build) -> None:
        try:
            with translated("start the build"):
                self._clients("stepfunctions").start_execution(
                    stateMachineArn=self._environment.state_machine_arn,
                    name=build.current_execution,
                    input=json.dumps({"build": build.number}),
                )
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise

    def stop(self, build: Build, cause: str) -> None:
        try:
            with translated("stop the build"):
                self._clients("stepfunctions").stop_execution(
                    executionArn=self._arn(build), error="Stopped", cause=cause[:MAX_CAUSE_CHARS]
                )
        except ClientError as error:
            if error_code(error) not in NO_EXECUTION:
                raise

    def describe(self, build: Build) -> Execution:
        arn = self._arn(build)
        with _known(arn), translated("look at the build's execution"):
            answer = self._clients("stepfunctions").describe_execution(executionArn=arn)
        return Execution(
            arn=arn,
            status=answer["status"],
            started_at=answer["startDate"],
            ended_at=answer.get("stopDate"),
            error=answer.get("error") or "",
            cause=answer.get("cause") or "",
        )

    def states_entered(self, build: Build) -> list[str]:
        names: list[str] = []
        arn = self._arn(build)
        request: dict[str, Any] = {"executionArn": arn, "maxResults": 1000}
        while True:
            with _known(arn), translated("read the build's history"):
                answer = self._clients("stepfunctions").get_execution_history(**request)
            details = (event.get("stateEnteredEventDetails") for event in answer["events"])
            names += [entered["name"] for entered in details if entered]
            if not answer.get("nextToken"):
                return names
            request["nextToken"] = answer["nextToken"]

    def _arn(self, build: Build) -> str:
        machine = self._environment.state_machine_arn
        return f"{machine.replace(':stateMachine:', ':execution:')}:{build.current_execution}"

    def complete(self, task_token: str, output: Mapping[str, Json]) -> None:
        self._answer("send_task_success", taskToken=task_token, output=json.dumps(output))

    def fail(self, task_token: str, error: str, cause: str) -> None:
        self._answer("send_task_failure", taskToken=task_token, error=error[:256], cause=cause[:MAX_CAUSE_CHARS])

    def _answer(self, operation: str, **request: str) -> None:
        try:
            with translated("answer a waiting state"):
                getattr(self._clients("stepfunctions"), operation)(**request)
        except ClientError as error:
            if error_code(error) not in ENDED_TOKENS:
                raise

    def stop_jobs(self, build: Build) -> None:
        jobs.stop_jobs(self._prefix(build), self._clients)

    def progress(self, build: Build) -> Mapping[str, float]:
        names = jobs.jobs_of(self._prefix(build), jobs.TRAINING, self._clients)
        if not names:
            return {}
        with translated("look at a training job"):
            answer = self._clients("sagemaker").describe_training_job(TrainingJobName=names[0])
        return {entry["MetricName"]: float(entry["Value"]) for entry in answer.get("FinalMetricDataList", [])}

    def training(self, job: str) -> Training:
        return jobs.training_of(job, self._clients)

    def trials(self, build: Build, limit: int = 100) -> list[Trial]:
        names = jobs.jobs_of(self._prefix(build), jobs.TUNING, self._clients)
        return jobs.trials_of(names[0], limit, self._clients) if names else []

    def _prefix(self, build: Build) -> str:
        return f"{build_prefix(self._environment.name, build)}-"


class _known:
    """Turns ExecutionDoesNotExist into UnknownExecution."""

    def __init__(self, execution_arn: str) -> None:
        self._arn = execution_arn

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClientError) and error_code(error) in NO_EXECUTION:
            raise UnknownExecution(f"There is no execution {self._arn}.") from error
