"""What all kinds of jobs have in common, as whoever asks sees them: create, stop, list, and noticing how they end.

The work is done by a program of the kind's own, one process a job (`supervisor.py`, `processor.py`, `tuner.py`);
between the two stands the job's folder (`job_folder.py`). So these classes keep nothing in memory but the names of jobs
whose end was not announced yet, and another engine may go on with the same folder. `training.py`, `processing.py` and
`tuning.py` say what is each kind's own.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.local.files import FileLock, trim_file
from orchestration.local.local_sagemaker.context import Context, Document
from orchestration.local.local_sagemaker.errors import ResourceInUse, ValidationException
from orchestration.local.local_sagemaker.job_folder import CONTAINER_ROOT_VARIABLE, JobFolder, JobStatus, now
from orchestration.local.processes import clean_environment, find_by_environment, identify, kill, spawn

_log = logging.getLogger(__name__)

UNFINISHED_PREFIX = ".new-"
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
RETRY_S = 1.0  # after a failed announcement
_OLD_LOG_BYTES = 64 * 1024  # what stays of the log of a job whose files are discarded
_OWNERS_POLL_S = 0.5  # how often it is looked whether the programs live


@dataclass(frozen=True, slots=True)
class Kind:
    """What tells one kind of job from another.

    Attributes:
        arn: as in the ARN, `training-job`.
        folder: where the jobs' folders lie, `training-jobs`.
        prefix: of its members' names, `TrainingJob` of `TrainingJobName`.
        words: as in a message, `training job`.
        program: the module that carries a job out.
    """

    arn: str
    folder: str
    prefix: str
    words: str
    program: str


class Jobs:
    """All jobs of one kind. Safe for several threads, and for the tuner's process beside the engine's."""

    def __init__(self, context: Context, kind: Kind, on_change: Callable[[str, str], None]) -> None:
        """`on_change(name, status)` is told of each job that ended: see `poll`."""
        self._context = context
        self._kind = kind
        self._folder = context.folder / kind.folder
        self._on_change = on_change
        self._lock = threading.Lock()
        self._owners_due_at = 0.0
        self._unannounced: dict[str, float] = {}  # name -> not to be looked at before this time.monotonic()

    def arn(self, name: str) -> str:
        """The ARN of the job of that name, whether there is one or not."""
        return self._context.arn(self._kind.arn, name)

    def status(self, name: str) -> JobStatus:
        """The status as the job's folder has it: one small file is read.

        Raises:
            ValidationException, ResourceNotFound: there is no such job.
        """
        status = self._job(name).read_status()
        if status is None:
            raise self._not_found(name)
        return status

    def settled_status(self, name: str) -> JobStatus:
        """The same, after noticing that the job's process was killed. Raises as `status` does."""
        return self._settled(self._job(name))

    def stop(self, name: str) -> None:
        """Ask a job to stop: it gets SIGTERM, and SIGKILL after its grace. A job that is stopping already goes on so.

        Raises:
            ValidationException, ResourceNotFound: there is no such job, or it has ended.
        """
        job = self._job(name)
        status = self._settled(job)
        if status.is_terminal:
            raise ValidationException(
                f"The request was rejected because the {self._kind.words} is in status {status.status}."
            )
        job.stop_file.touch()

    def tags(self, name: str) -> list[dict[str, str]]:
        """The tags that the job was created with.

        Raises:
            ValidationException, ResourceNotFound: there is no such job.
        """
        document = self._job(name).read_request() or {}
        tags: list[dict[str, str]] = document["request"].get("Tags", [])
        return tags

    def log_file(self, name: str) -> Path:
        """Where the container's output is kept; the file exists once the container was started.

        Raises:
            ValidationException, ResourceNotFound: there is no such job.
        """
        return self._job(name).log_file

    def discard_files(self, name: str) -> None:
        """Remove the working files of a job that has ended: what its container found and made, and most of its log.

        Its records stay, so that it is described and listed as before.

        Raises:
            ValidationException, ResourceNotFound: there is no such job, or it has not ended.
        """
        job = self._job(name)
        if not self._settled(job).is_terminal:
            raise ValidationException(f"The {self._kind.words} {name} has not ended.")
        trim_file(job.log_file, _OLD_LOG_BYTES)
        if job.ml.exists():
            shutil.rmtree(job.ml)

    def resume(self) -> None:
        """Take up the folder of an engine that ended, however it did: once, before anything else is asked here.

        Jobs whose process lives just go on. Jobs that were created and never started are started now. Jobs that ended
        meanwhile, or lost their process, are announced by the next `poll`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob(f"{UNFINISHED_PREFIX}*"):
            # A tuner may be creating one just now, and holds no lock on it in the first moment.
            creator = path.name.removeprefix(UNFINISHED_PREFIX).partition("-")[0]
            lock = None if _lives(creator) else FileLock.try_lock(path / "owner.lock")
            if lock is not None:
                shutil.rmtree(path)
                lock.release()
        for job in self._jobs():
            if not job.announced_file.exists():
                self._start_if_never_started(job)
                self.expect_end(job.name)

    def poll(self) -> None:
        """Look at the jobs whose end was not announced, and tell `on_change(name, status)` of those that have ended.

        Each end is announced once; twice only when the engine is killed between telling and noting that it told. When
        `on_change` fails, the failure is logged and it is told again a second later.
        """
        moment = time.monotonic()
        with self._lock:
            due = [name for name, not_before in self._unannounced.items() if not_before <= moment]
        look_for_owners = moment >= self._owners_due_at
        if look_for_owners:
            self._owners_due_at = moment + _OWNERS_POLL_S
        for name in due:
            try:
                self._announce_if_ended(JobFolder(self._folder / name), look_for_owners)
            except Exception:
                _log.exception("the end of the %s %s could not be announced", self._kind.words, name)
                self.expect_end(name, delay_s=RETRY_S)

    def expect_end(self, name: str, delay_s: float = 0.0) -> None:
        """Announce the end of this job once it has ended; `create` and `resume` see to that by themselves."""
        with self._lock:
            self._unannounced[name] = time.monotonic() + delay_s

    def _create(self, name: str, request: Document, launch: Mapping[str, Any], **more: Any) -> str:
        """Keep and start a job; returns its ARN. `more` goes into request.json. Raises ResourceInUse."""
        arn = self.arn(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = JobFolder(self._folder / f"{UNFINISHED_PREFIX}{os.getpid()}-{os.urandom(6).hex()}")
        draft.path.mkdir()
        created_at = now()
        draft.write_request({"arn": arn, "created_at": created_at, "request": request, "launch": launch, **more})
        draft.write_status(JobStatus.created(created_at))
        # Locked before anybody can see the job, and by its program from then on: at no time does it look abandoned.
        with FileLock.lock(draft.lock_file, timeout_s=1.0) as lock:
            try:
                draft.path.rename(self._folder / name)
            except OSError as error:
                shutil.rmtree(draft.path)
                if not (self._folder / name).exists():
                    raise
                words = self._kind.words
                raise ResourceInUse(
                    f"{words.capitalize()} names must be unique within an AWS account and region, and a {words} with "
                    f"this name already exists ({arn})"
                ) from error
            self._start(JobFolder(self._folder / name), lock)
        self.expect_end(name)
        return arn

    def _abandoned(self, job: JobFolder, status: JobStatus, lock: FileLock) -> JobStatus:
        """What becomes of a job whose process was killed; called under the job's lock, so once."""
        if not job.supervisor_log_file.exists():
            self._start(job, lock)  # its creator was killed before the job's process was there
            return status
        _kill_container(job)
        failed = status.failed("InternalServerError: the job's process ended unexpectedly")
        job.write_status(failed)
        return failed

    def _not_found(self, name: str) -> Exception:
        return ValidationException("Requested resource not found.")

    def _announce_if_ended(self, job: JobFolder, look_for_owner: bool) -> None:
        if not job.path.exists():
            self._forget(job.name)  # it was deleted since
            return
        status = self._settled(job) if look_for_owner else job.read_status()
        if status is not None and status.is_terminal:
            if not job.announced_file.exists():
                self._on_change(job.name, status.status)
                job.announced_file.touch()
            self._forget(job.name)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._unannounced.pop(name, None)

    def _start_if_never_started(self, job: JobFolder) -> None:
        lock = FileLock.try_lock(job.lock_file)
        if lock is None:
            return
        with lock:
            status = job.read_status()
            if status is not None and not status.is_terminal and job.read_owner() is None:
                self._start(job, lock)

    def _start(self, job: JobFolder, lock: FileLock) -> None:
        command = [sys.executable, "-m", self._kind.program, str(job.path), "--lock-descriptor", str(lock.descriptor)]
        try:
            spawn(
                command,
                cwd=_PACKAGE_ROOT,
                env=clean_environment({}),
                log_path=job.supervisor_log_file,
                pass_fds=[lock.descriptor],
            )
        except OSError as error:
            status = job.read_status() or JobStatus.created(now())
            job.write_status(status.failed(f"InternalServerError: no process: {error}"))

    def _settled(self, job: JobFolder) -> JobStatus:
        """The status, after seeing to a job whose process was killed."""
        status = job.read_status()
        if status is None:
            raise self._not_found(job.name)
        if status.is_terminal:
            return status
        lock = FileLock.try_lock(job.lock_file)
        if lock is None:
            return status
        with lock:
            # It may have ended between the two looks. Under the lock it cannot change, so a failure is recorded once.
            status = job.read_status() or status
            return status if status.is_terminal else self._abandoned(job, status, lock)

    def _job(self, name: str) -> JobFolder:
        job = JobFolder(self._folder / name)
        document = job.read_request()
        # A file system that ignores case finds other names too.
        if document is None or document["request"][f"{self._kind.prefix}Name"] != name:
            raise self._not_found(name)
        return job

    def _jobs(self) -> Iterator[JobFolder]:
        if self._folder.is_dir():
            for path in sorted(self._folder.iterdir()):
                if not path.name.startswith("."):
                    yield JobFolder(path)


def _lives(pid: str) -> bool:
    return pid.isdigit() and identify(int(pid)) is not None


def _kill_container(job: JobFolder) -> None:
    """End what a killed program left behind: its container, known by identity, and whatever has its root."""
    owner = job.read_owner()
    if owner is not None and owner.container is not None:
        kill(owner.container)
    root = str(job.ml)
    for identity, _ in find_by_environment(CONTAINER_ROOT_VARIABLE, lambda value: value == root):
        kill(identity)
