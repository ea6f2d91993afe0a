"""FakePipeline: executions that start when asked and then do what the test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from orchestration.builds import Build, Json
from orchestration.ports import BadRequest, Clock, Execution, Training, Trial, UnknownExecution


def arn_of(build: Build) -> str:
    """The ARN of the build's current execution."""
    return f"arn:aws:states:us-east-1:123456789012:execution:test-build:{build.current_execution}"


class FakePipeline:
    """Tests move a build on with `orchestration.steps.record`, and say what its job prints in `printed`.

    completed and failed: what was told to waiting states, by task token. stopped_jobs: builds whose jobs were stopped.
    trained: completed training jobs by name. tried: a build's trials.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._executions: dict[str, Execution] = {}
        self.states: dict[str, list[str]] = {}
        self.printed: dict[int, dict[str, float]] = {}
        self.completed: dict[str, Mapping[str, Json]] = {}
        self.failed: dict[str, tuple[str, str]] = {}
        self.stopped_jobs: list[int] = []
        self.trained: dict[str, Training] = {}
        self.tried: dict[int, list[Trial]] = {}

    def start(self, build: Build) -> None:
        arn = arn_of(build)
        with self._lock:
            self._executions.setdefault(arn, Execution(arn, "RUNNING", self._clock.now()))

    def stop(self, build: Build, cause: str) -> None:
        self._end(build, "ABORTED", "Stopped", cause)

    def finish(self, build: Build, status: str = "SUCCEEDED", error: str = "", cause: str = "") -> None:
        """End a running execution. status: as of Execution."""
        self._end(build, status, error, cause)

    def _end(self, build: Build, status: str, error: str, cause: str) -> None:
        arn = arn_of(build)
        with self._lock:
            execution = self._executions.get(arn)
            if execution is not None and execution.status == "RUNNING":
                ended = replace(execution, status=status, ended_at=self._clock.now(), error=error, cause=cause)
                self._executions[arn] = ended

    def describe(self, build: Build) -> Execution:
        with self._lock:
            if arn_of(build) not in self._executions:
                raise UnknownExecution(f"There is no execution {build.current_execution}.")
            return self._executions[arn_of(build)]

    def states_entered(self, build: Build) -> list[str]:
        self.describe(build)
        return list(self.states.get(arn_of(build), []))

    def complete(self, task_token: str, output: Mapping[str, Json]) -> None:
        with self._lock:
            if task_token not in self.failed:
                self.completed.setdefault(task_token, output)

    def fail(self, task_token: str, error: str, cause: str) -> None:
        with self._lock:
            if task_token not in self.completed:
                self.failed.setdefault(task_token, (error, cause))

    def stop_jobs(self, build: Build) -> None:
        with self._lock:
            self.stopped_jobs.append(build.number)

    def progress(self, build: Build) -> Mapping[str, float]:
        return dict(self.printed.get(build.number, {}))

    def training(self, job: str) -> Training:
        if job not in self.trained:
            raise BadRequest(f"There is no training job {job}.")
        return self.trained[job]

    def trials(self, build: Build, limit: int = 100) -> list[Trial]:
        return self.tried.get(build.number, [])[:limit]
