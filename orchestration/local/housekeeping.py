"""What lies in a state folder, and what of it nobody needs: the working files of old builds' jobs.

A job's folder holds what its container found and made, which was uploaded when it ended: the data, the model, the log.
Of the newest ended builds all of it is kept (`options.py` says of how many), of older ones the records only, so that
every job can still be described and no name is ever used twice. Never touched are jobs that somebody else than a build
has started, and builds that run, that an endpoint serves, or whose model one serves: the champions. Objects are never
deleted here.

Reads files only, so that `sagebuild doctor` can show the same beside a running engine and without one.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.builds import number_of_config
from orchestration.local.files import StateFileError, read_json
from orchestration.local.local_sagemaker.job_folder import JobFolder
from orchestration.local.options import Options
from orchestration.local.resources import ENVIRONMENT

KINDS: Mapping[str, str] = {"training-jobs": "training", "processing-jobs": "processing", "tuning-jobs": "tuning"}
# The areas of a state folder, by what people would call them.
AREAS: Mapping[str, tuple[str, ...]] = {
    "jobs": tuple(f"sagemaker/{folder}" for folder in KINDS),
    "endpoints": ("sagemaker/endpoints",),
    "objects": ("objects",),
    "database": ("engine.db", "engine.db-wal", "engine.db-shm"),
    "logs": ("logs",),
}
DELAY_S = 5.0  # after an end: the last of what ended together is then written down
_BUILD_OF_JOB = re.compile(rf"{re.escape(ENVIRONMENT.name)}-b(\d+)-[0-9a-f]{{4}}(?:r\d+)?-")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobFiles:
    """The working files of one job. build: None when no build of ours has started it; kept: why, or "" when they go."""

    kind: str
    name: str
    build: int | None
    kept: str
    size_bytes: int = 0


@dataclass(frozen=True)
class Survey:
    """What is in a state folder.

    sizes: bytes by area of AREAS, and "other". given_up: function, time and reason of events that nobody has taken.
    """

    options: Options
    jobs: tuple[JobFiles, ...]
    sizes: Mapping[str, int] = field(default_factory=dict)
    given_up: tuple[tuple[str, float, str], ...] = ()

    def superfluous(self) -> tuple[JobFiles, ...]:
        """What would go."""
        return tuple(job for job in self.jobs if not job.kept)


class Tidier:
    """Discards what is superfluous, a while after something has ended; in a thread, for there may be much of it."""

    def __init__(self, state_dir: Path, options: Options, discard: Callable[[str, str], None]) -> None:
        """discard(kind, name) removes the working files of a job."""
        self._state_dir, self._options, self._discard = state_dir, options, discard
        self._due_at: float | None = time.monotonic() + DELAY_S
        self._thread: threading.Thread | None = None

    def expect_work(self) -> None:
        """Something has ended: look a while later."""
        self._due_at = time.monotonic() + DELAY_S

    def tidy_when_due(self) -> None:
        """For a thread that calls it about twice a second."""
        if self._due_at is None or time.monotonic() < self._due_at:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._due_at = None
        self._thread = threading.Thread(target=self._tidy, name="tidying", daemon=True)
        self._thread.start()

    def _tidy(self) -> None:
        try:
            for job in survey(self._state_dir, self._options).superfluous():
                self._discard(job.kind, job.name)
                log.info("the files of the %s job %s are discarded: its build is an old one", job.kind, job.name)
        except Exception:  # the next look may go better
            log.exception("tidying up failed")


def survey(state_dir: Path, options: Options, with_sizes: bool = False) -> Survey:
    """Look at a state folder; without sizes it takes some milliseconds for each hundred jobs."""
    running, given_up = _from_database(state_dir / "engine.db")
    serving = _serving(state_dir / "sagemaker" / "endpoints")
    folders = [
        (kind, job)
        for folder, kind in KINDS.items()
        for job in _folders(state_dir / "sagemaker" / folder)
        if job.ml.exists()
    ]
    numbers = sorted(
        {number for _, job in folders if (number := _build_of(job.name)) is not None} - running, reverse=True
    )
    newest = frozenset(numbers[: options.kept_builds])
    jobs = tuple(
        JobFiles(kind, job.name, _build_of(job.name), reason, _size(job.path) if with_sizes else 0)
        for kind, job in folders
        if (reason := _why_kept(job, running, newest, serving)) is not None
    )
    return Survey(options, jobs, _sizes(state_dir) if with_sizes else {}, given_up)


def _sizes(state_dir: Path) -> dict[str, int]:
    sizes = {area: sum(_size(state_dir / path) for path in paths) for area, paths in AREAS.items()}
    return {**sizes, "other": max(0, (_size(state_dir) if state_dir.is_dir() else 0) - sum(sizes.values()))}


def _why_kept(job: JobFolder, running: set[int], newest: frozenset[int], serving: _Serving) -> str | None:
    """Why a job's files are kept; "" when they are not; None when the job has vanished meanwhile."""
    number = _build_of(job.name)
    try:
        status = job.read_status()
    except StateFileError:
        return "it cannot be read"
    if status is None:
        return None
    if number is None:
        return "no build has started it"
    if not status.is_terminal or not job.announced_file.exists() or number in running:
        return "it runs"
    if number in serving.builds or job.name in serving.jobs:
        return "an endpoint serves it"
    return "one of the newest" if number in newest else ""


@dataclass(frozen=True)
class _Serving:
    """Whose models endpoints serve, are on their way to, or come from: builds by number, jobs by name."""

    builds: frozenset[int]
    jobs: frozenset[str]


def _serving(folder: Path) -> _Serving:
    builds: set[int] = set()
    jobs: set[str] = set()
    for path in sorted(folder.glob("*/endpoint.json")):
        record = read_json(path) or {}
        for generation in _generations(record):
            number = number_of_config(ENVIRONMENT.name, generation["config_name"])
            parts = str(generation["model_data"] or "").split("/")
            builds |= {number} if number is not None else set()
            builds |= {found for part in parts if (found := _build_of(f"{part}-")) is not None}
            jobs |= set(parts)
    return _Serving(frozenset(builds), frozenset(jobs))


def _generations(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    named = [record.get("live"), record.get("pending"), *record.get("retiring", [])]
    return [one for one in named if one is not None]


def _from_database(path: Path) -> tuple[set[int], tuple[tuple[str, float, str], ...]]:
    """The builds that run, and the events that were given up. An older format, or no file, says nothing of them."""
    if not path.exists():
        return set(), ()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            executions = db.execute("SELECT input, state_input FROM executions").fetchall()
            events = db.execute(
                "SELECT function, failed_at, reason FROM events WHERE failed_at > 0 ORDER BY id"
            ).fetchall()
        except sqlite3.OperationalError:
            return set(), ()
    running = {number for texts in executions for text in texts if (number := _build_in(text)) is not None}
    return running, tuple(events)


def _build_in(text: str) -> int | None:
    """The build that an execution's input names."""
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return None
    number = document.get("build") if isinstance(document, dict) else None
    return number if isinstance(number, int) else None


def _build_of(job: str) -> int | None:
    match = _BUILD_OF_JOB.match(job)
    return int(match[1]) if match else None


def _folders(folder: Path) -> Iterator[JobFolder]:
    if folder.is_dir():
        yield from (JobFolder(path) for path in sorted(folder.iterdir()) if not path.name.startswith("."))


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what vanishes meanwhile does not count."""
    if not path.is_dir():
        try:
            return path.lstat().st_size
        except OSError:
            return 0
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - thousands of files
            except OSError:
                continue
    return total
