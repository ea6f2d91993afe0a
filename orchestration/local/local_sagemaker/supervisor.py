"""One training job from its first to its last status, as a program: `python -m ...supervisor JOBDIR`.

It is the job's own process, the leader of a session, and owns the job's folder (`job_folder.py` says what is in it): it
lays out the container's files, waits for a slot, runs `<argv> train`, reads metrics, stops the container when asked or
when its time is over, uploads what it made, and writes the status at each change. It needs no engine: the one that
started it may be killed and another may read the results. Should this process be killed, `training.py` finds its lock
free and records the failure. Standard library and psutil only, so that a container starts some tens of milliseconds
after the request.
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
from orchestration.local.local_sagemaker.archive import ArchiveError, is_empty, pack
from orchestration.local.local_sagemaker.checkpoints import Checkpoints
from orchestration.local.local_sagemaker.container_files import checkpoint_folder, lay_out
from orchestration.local.local_sagemaker.container_run import ContainerRun, Log
from orchestration.local.local_sagemaker.job_folder import (
    CONTAINER_ROOT_VARIABLE,
    MAX_FAILURE_REASON_CHARS,
    JobFolder,
    JobStatus,
    Owner,
    now,
)
from orchestration.local.local_sagemaker.metrics import MetricReader
from orchestration.local.local_sagemaker.objects import ObjectError, open_objects
from orchestration.local.local_sagemaker.slots import Slots
from orchestration.local.processes import clean_environment, this_process

_LOCK_WAIT_S = 5.0
_DEFAULT_MAX_RUNTIME_S = 86_400  # StoppingCondition: one day


@dataclass(frozen=True, slots=True)
class Launch:
    """How a request is carried out: the part of request.json that `training.py` adds."""

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    objects: str
    slots: Path
    max_parallel: int
    stop_grace_s: float

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


class Supervisor:
    """The work on one job; the caller holds the job's lock."""

    def __init__(self, job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
        """Take the job's folder, its request.json, and what says whether this process was told to stop."""
        self._job = job
        self._arn: str = document["arn"]
        self._created_at: float = document["created_at"]
        self._request: Mapping[str, Any] = document["request"]
        self._launch = Launch.from_json(document["launch"])
        self._objects = open_objects(self._launch.objects)
        self._metrics = MetricReader(
            self._request["AlgorithmSpecification"].get("MetricDefinitions", []), job.metrics_file
        )
        self._asked_to_stop = asked_to_stop
        self._stopped_as: str | None = None
        self._log_tail = ""
        self._status = job.read_status() or JobStatus.created(self._created_at)

    def work(self) -> None:
        """Bring the job to its end and write that down.

        Raises:
            Exception: what kept it from that and is no outcome of the job; `main` writes it down.
        """
        if self._status.is_terminal:
            return
        owner = Owner(this_process())
        self._job.write_owner(owner)
        try:
            self._run(owner)
        except JobFailed as failure:
            self._write(self._status.failed(str(failure)))

    def _run(self, owner: Owner) -> None:
        slots = Slots(self._launch.slots, self._launch.max_parallel)
        slot = slots.wait(self._job.name, self._created_at, self._should_not_start, self._say_pending)
        if slot is not None:
            with slot:
                self._move("Downloading", "Copying the input data")
                checkpoints = self._prepare()
                code = None if self._should_not_start() else self._train(owner, checkpoints)
        if slot is None or code is None:
            self._write(self._status.moved("Stopped", self._stopped_as or "Stopped"))
            return
        if code != 0 and self._stopped_as is None:
            raise JobFailed(self._failure_reason(code))
        if code == 0:
            self._move("Uploading", "Uploading the model")
            self._upload()
        outcome = "Completed" if self._stopped_as is None else "Stopped"
        self._write(self._status.moved(outcome, self._stopped_as or "Completed"))

    def _prepare(self) -> Checkpoints | None:
        try:
            lay_out(self._job.ml, self._request, self._objects)
            folder = checkpoint_folder(self._job.ml, self._request)
            if folder is None:
                return None
            checkpoints = Checkpoints(folder, self._request["CheckpointConfig"]["S3Uri"], self._objects)
            checkpoints.restore()
        except (ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Data download failed: {error}") from error
        return checkpoints

    def _train(self, owner: Owner, checkpoints: Checkpoints | None) -> int:
        log = Log(self._job.log_file)
        try:
            run = ContainerRun([*self._launch.argv, "train"], self._launch.cwd, self._environment(), log)
        except OSError as error:
            raise JobFailed(f"ClientError: the training program could not be started: {error}") from error
        with run:
            started_at, began = now(), time.monotonic()  # the wall clock may be set while the program runs
            self._job.write_owner(replace(owner, container=run.identity))
            running = self._status.moved(self._status.status, "Training", "The training program is running")
            self._write(replace(running, training_started_at=started_at))

            def poll() -> None:
                _save(checkpoints, ended=False)
                if self._stopped_as is None and self._should_stop(time.monotonic() - began):
                    self._write(self._status.moved("Stopping", "Stopping", "Stopping the training program"))
                    run.stop(self._launch.stop_grace_s)

            code = run.run(lambda lines: self._metrics.feed(lines, time.time()), poll)
        _save(checkpoints, ended=True)
        self._status = replace(self._status, metrics=self._metrics.final())
        self._log_tail = log.tail()
        return code

    def _environment(self) -> dict[str, str]:
        fixed = {
            CONTAINER_ROOT_VARIABLE: str(self._job.ml),
            "TRAINING_JOB_NAME": self._job.name,
            "TRAINING_JOB_ARN": self._arn,
        }
        return clean_environment({**self._launch.environment, **self._request.get("Environment", {}), **fixed})

    def _should_not_start(self) -> bool:
        return self._should_stop(0.0)

    def _should_stop(self, running_s: float) -> bool:
        """Whether the job's time is over or somebody asked; remembers as what it will have stopped."""
        condition = self._request.get("StoppingCondition", {})
        if self._asked_to_stop() or self._job.stop_file.exists():
            self._stopped_as = "Stopped"
        elif running_s >= condition.get("MaxRuntimeInSeconds", _DEFAULT_MAX_RUNTIME_S):
            self._stopped_as = "MaxRuntimeExceeded"
        elif time.time() - self._created_at >= condition.get("MaxWaitTimeInSeconds", float("inf")):
            self._stopped_as = "MaxWaitTimeExceeded"
        return self._stopped_as is not None

    def _say_pending(self) -> None:
        self._move("Pending", f"Waiting: {self._launch.max_parallel} training programs may run at once")

    def _upload(self) -> None:
        output = self._request["OutputDataConfig"]["S3OutputPath"].rstrip("/") + f"/{self._job.name}/output"
        try:
            for folder, name in ((self._job.ml / "model", "model"), (self._job.ml / "output" / "data", "output")):
                if not is_empty(folder):
                    archive = self._job.path / f"{name}.tar.gz"
                    pack(folder, archive)
                    self._objects.put_file(f"{output}/{name}.tar.gz", archive)
                    archive.unlink()
        except (ArchiveError, ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Artifact upload failed: {error}") from error

    def _failure_reason(self, code: int) -> str:
        # As a container's exit code: 128 and the number of the signal that ended it.
        ending = f", exit code: {code if code >= 0 else 128 - code}"
        room = MAX_FAILURE_REASON_CHARS - len("AlgorithmError: ") - len(ending)
        # The beginning of a failure file says most, and of a log its end.
        text = _beginning(self._job.ml / "output" / "failure")[:room] or self._log_tail.strip()[-room:]
        return f"AlgorithmError: {text}{ending}"

    def _move(self, secondary: str, message: str) -> None:
        self._write(self._status.moved(self._status.status, secondary, message))

    def _write(self, status: JobStatus) -> None:
        self._status = status
        self._job.write_status(status)


def _save(checkpoints: Checkpoints | None, ended: bool) -> None:
    if checkpoints is None:
        return
    try:
        if ended:
            checkpoints.save()
        else:
            checkpoints.save_when_due()
    except (ObjectError, OSError) as error:
        raise JobFailed(f"ClientError: Checkpoint upload failed: {error}") from error


def _beginning(path: Path) -> str:
    """The first 1,024 characters of a file that a container wrote, or nothing; it may have made anything of it."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_FAILURE_REASON_CHARS).strip()


def main(argv: Sequence[str]) -> int:
    """Work on the job in the folder that the arguments name.

    `--lock-descriptor` is a descriptor that we inherited with the job's lock on it; without it the lock is taken here.

    Returns:
        0 when the job's end was written down, 1 when there is nothing to do or something broke.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    parser = argparse.ArgumentParser(
        prog="supervisor", description="Carry out one training job of the local SageMaker."
    )
    parser.add_argument("folder", type=Path, help="the job's folder")
    parser.add_argument("--lock-descriptor", type=int, help="an inherited descriptor that holds owner.lock")
    arguments = parser.parse_args(argv)
    job = JobFolder(arguments.folder.absolute())
    document = job.read_request()
    if document is None:
        sys.stderr.write(f"there is no training job in {job.path}\n")
        return 1
    try:
        lock = _take_lock(job, arguments.lock_descriptor)
    except TimeoutError as error:
        sys.stderr.write(f"another process works on this job: {error}\n")
        return 1
    with lock:
        try:
            Supervisor(job, document, stop.is_set).work()
        except Exception as error:
            sys.stderr.write(traceback.format_exc())
            _record_breakdown(job, error)
            return 1
    return 0


def _take_lock(job: JobFolder, descriptor: int | None) -> FileLock:
    return FileLock.lock(job.lock_file, _LOCK_WAIT_S) if descriptor is None else FileLock(descriptor)


def _record_breakdown(job: JobFolder, error: Exception) -> None:
    status = job.read_status()
    if status is not None and not status.is_terminal:
        job.write_status(status.failed(f"InternalServerError: {type(error).__name__}: {error}"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
