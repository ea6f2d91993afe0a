"""What the programs that own one job have in common: its container from the first to the last status.

`supervisor.py` (training) and `processor.py` (processing) are such programs, each the job's own process, the leader of
a session, and the owner of the job's folder (`job_folder.py` says what is in it). A program lays out the container's
files, waits for a slot, runs the container, stops it when asked or when its time is over, uploads what it made, and
writes the status at each change. It needs no engine: the one that started it may be killed and another may read the
results. Should the program be killed, `jobs.py` finds its lock free and records the failure. Standard library and
psutil only, so that a container starts some tens of milliseconds after the request.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.local.files import FileLock
from orchestration.local.local_sagemaker.container_run import ContainerRun, Log
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.job_folder import (
    CONTAINER_ROOT_VARIABLE,
    MAX_FAILURE_REASON_CHARS,
    JobFolder,
    JobStatus,
    Owner,
    now,
)
from orchestration.local.local_sagemaker.objects import open_objects
from orchestration.local.local_sagemaker.slots import Slots
from orchestration.local.processes import clean_environment, this_process

LOCK_WAIT_S = 5.0
_DEFAULT_MAX_RUNTIME_S = 86_400  # StoppingCondition: one day


@dataclass(frozen=True, slots=True)
class Launch:
    """How a request is carried out: the part of request.json that `training.py` and `processing.py` add."""

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    objects: str
    slots: Path
    max_parallel: int
    stop_grace_s: float

    @classmethod
    def of(cls, context: Context, image: str) -> Launch:
        """How a container of this image is run here. Raises ValidationException for an image that is not known."""
        return cls(
            argv=context.argv(image),
            cwd=context.cwd,
            environment=context.container_environment(),
            objects=context.objects.location,
            slots=context.folder / "slots",
            max_parallel=context.max_parallel_jobs,
            stop_grace_s=context.stop_grace_s,
        )

    def to_json(self) -> dict[str, Any]:
        """As request.json keeps it."""
        return {
            "argv": list(self.argv),
            "cwd": str(self.cwd),
            "environment": dict(self.environment),
            "objects": self.objects,
            "slots": str(self.slots),
            "max_parallel": self.max_parallel,
            "stop_grace_s": self.stop_grace_s,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Launch:
        """From what `to_json` gave.

        Raises:
            KeyError: not such a document.
        """
        return cls(
            argv=tuple(document["argv"]),
            cwd=Path(document["cwd"]),
            environment=document["environment"],
            objects=document["objects"],
            slots=Path(document["slots"]),
            max_parallel=document["max_parallel"],
            stop_grace_s=document["stop_grace_s"],
        )


class JobFailed(Exception):
    """The job ends as Failed with this reason."""


class Supervision:
    """The work on one job; the caller holds the job's lock. A kind of job says in the methods below what is its own.

    Attributes:
        what: names the program in messages.
        running: the secondary status while the container runs.
        ticket: goes before the job's name in the queue for a slot, which jobs of all kinds share.
    """

    what = "program"
    running = "InProgress"
    ticket = ""

    def __init__(self, job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
        """Take the job's folder, its request.json, and what says whether this process was told to stop."""
        self.job = job
        self.arn: str = document["arn"]
        self.request: Mapping[str, Any] = document["request"]
        self.launch = Launch.from_json(document["launch"])
        self.objects = open_objects(self.launch.objects)
        self._created_at: float = document["created_at"]
        self._asked_to_stop = asked_to_stop
        self._stopped_as: str | None = None
        self._log_tail = ""
        self.status = job.read_status() or JobStatus.created(self._created_at)

    def work(self) -> None:
        """Bring the job to its end and write that down.

        Raises:
            Exception: what kept it from that and is no outcome of the job; `run_program` writes it down.
        """
        if self.status.is_terminal:
            return
        owner = Owner(this_process())
        self.job.write_owner(owner)
        try:
            self._run(owner)
        except JobFailed as failure:
            self._write(self.status.failed(str(failure)))

    def prepare(self) -> None:
        """Lay out what the container shall find. Raises JobFailed."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """The container's command line."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What the container's environment has besides the launch's, the request's and its root."""
        return {}

    def lines(self, lines: list[str]) -> None:
        """Given the container's output as it comes."""

    def tick(self) -> None:
        """Called about ten times a second while the container runs. Raises JobFailed."""

    def container_ended(self) -> None:
        """Called once the container has ended, however it did; `status` may be changed. Raises JobFailed."""

    def keep(self) -> None:
        """Upload what a container made that ended well. Raises JobFailed."""
        raise NotImplementedError

    def failure_text(self) -> str:
        """What the container itself says of why it failed; empty when it says nothing."""
        return beginning(self.job.ml / "output" / "failure")

    def _run(self, owner: Owner) -> None:
        slots = Slots(self.launch.slots, self.launch.max_parallel)
        ticket = self.ticket + self.job.name
        slot = slots.wait(ticket, self._created_at, self._should_not_start, self._say_pending)
        if slot is not None:
            with slot:
                self._move("Downloading", "Copying the input data")
                self.prepare()
                code = None if self._should_not_start() else self._run_container(owner)
        if slot is None or code is None:
            self._write(self.status.moved("Stopped", self._stopped_as or "Stopped"))
            return
        if code != 0 and self._stopped_as is None:
            raise JobFailed(self._failure_reason(code))
        if code == 0:
            self._move("Uploading", "Uploading what was made")
            self.keep()
        outcome = "Completed" if self._stopped_as is None else "Stopped"
        self._write(self.status.moved(outcome, self._stopped_as or "Completed"))

    def _run_container(self, owner: Owner) -> int:
        log = Log(self.job.log_file)
        try:
            run = ContainerRun(self.command(), self.launch.cwd, self._whole_environment(), log)
        except OSError as error:
            raise JobFailed(f"ClientError: the {self.what} program could not be started: {error}") from error
        with run:
            started_at, began = now(), time.monotonic()  # the wall clock may be set while the program runs
            self.job.write_owner(replace(owner, container=run.identity))
            running = self.status.moved(self.status.status, self.running, f"The {self.what} program is running")
            self._write(replace(running, training_started_at=started_at))

            def poll() -> None:
                self.tick()
                if self._stopped_as is None and self._should_stop(time.monotonic() - began):
                    self._write(self.status.moved("Stopping", "Stopping", f"Stopping the {self.what} program"))
                    run.stop(self.launch.stop_grace_s)

            code = run.run(self.lines, poll)
        self.container_ended()
        self._log_tail = log.tail()
        return code

    def _whole_environment(self) -> dict[str, str]:
        fixed = {CONTAINER_ROOT_VARIABLE: str(self.job.ml), **self.environment()}
        return clean_environment({**self.launch.environment, **self.request.get("Environment", {}), **fixed})

    def _should_not_start(self) -> bool:
        return self._should_stop(0.0)

    def _should_stop(self, running_s: float) -> bool:
        """Whether the job's time is over or somebody asked; remembers as what it will have stopped."""
        condition = self.request.get("StoppingCondition", {})
        if self._asked_to_stop() or self.job.stop_file.exists():
            self._stopped_as = "Stopped"
        elif running_s >= condition.get("MaxRuntimeInSeconds", _DEFAULT_MAX_RUNTIME_S):
            self._stopped_as = "MaxRuntimeExceeded"
        elif time.time() - self._created_at >= condition.get("MaxWaitTimeInSeconds", float("inf")):
            self._stopped_as = "MaxWaitTimeExceeded"
        return self._stopped_as is not None

    def _say_pending(self) -> None:
        self._move("Pending", f"Waiting: {self.launch.max_parallel} programs may run at once")

    def _failure_reason(self, code: int) -> str:
        # As a container's exit code: 128 and the number of the signal that ended it.
        killed = f". The {self.what} program was killed by {signal.Signals(-code).name}" if code < 0 else ""
        ending = f"{killed}, exit code: {code if code >= 0 else 128 - code}"
        room = MAX_FAILURE_REASON_CHARS - len("AlgorithmError: ") - len(ending)
        # The beginning of a failure file says most, and of a log its end.
        text = self.failure_text()[:room] or self._log_tail.strip()[-room:]
        return f"AlgorithmError: {text}{ending if text else ending.removeprefix('. ')}"

    def _move(self, secondary: str, message: str) -> None:
        self._write(self.status.moved(self.status.status, secondary, message))

    def _write(self, status: JobStatus) -> None:
        self.status = status
        self.job.write_status(status)


def beginning(path: Path) -> str:
    """The first 1,024 characters of a file that a container wrote, or nothing; it may have made anything of it."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_FAILURE_REASON_CHARS).strip()


Work = Callable[[JobFolder, Mapping[str, Any], Callable[[], bool]], None]


def run_program(argv: Sequence[str], kind: str, work: Work) -> int:
    """Work on the job in the folder that the arguments name.

    `--lock-descriptor` is a descriptor that we inherited with the job's lock on it; without it the lock is taken here.

    Args:
        argv: the program's arguments.
        kind: names the kind of job, as in "training job".
        work: given the folder, its request.json and what says whether SIGTERM came; brings the job to its end.

    Returns:
        0 when the job's end was written down, 1 when there is nothing to do or something broke.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    parser = argparse.ArgumentParser(description=f"Carry out one {kind} of the local SageMaker.")
    parser.add_argument("folder", type=Path, help="the job's folder")
    parser.add_argument("--lock-descriptor", type=int, help="an inherited descriptor that holds owner.lock")
    arguments = parser.parse_args(argv)
    job = JobFolder(arguments.folder.absolute())
    document = job.read_request()
    if document is None:
        sys.stderr.write(f"there is no {kind} in {job.path}\n")
        return 1
    try:
        lock = _take_lock(job, arguments.lock_descriptor)
    except TimeoutError as error:
        sys.stderr.write(f"another process works on this job: {error}\n")
        return 1
    with lock:
        try:
            work(job, document, stop.is_set)
        except Exception as error:
            sys.stderr.write(traceback.format_exc())
            _record_breakdown(job, error)
            return 1
    return 0


def _take_lock(job: JobFolder, descriptor: int | None) -> FileLock:
    return FileLock.lock(job.lock_file, LOCK_WAIT_S) if descriptor is None else FileLock(descriptor)


def _record_breakdown(job: JobFolder, error: Exception) -> None:
    status = job.read_status()
    if status is not None and not status.is_terminal:
        job.write_status(status.failed(f"InternalServerError: {type(error).__name__}: {error}"))
