"""Builds under fire: processes of the engine's family are killed by SIGKILL at random moments, and all must end well.

`FaultRun` keeps a few builds going (train, tune with 8 trials, an approval, updates of endpoints), kills one process of
the family after another, and says in `problems()` what is not as it must be. A build may end in ERROR only when one of
its own jobs, or the process that it was deploying, was among the killed. Everything random comes from the seed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from orchestration.builds import Build, BuildKind, BuildStatus, Requester, Service, build_prefix, endpoint_name
from orchestration.local import client
from orchestration.ports import (
    AlreadyDecided,
    Conflict,
    NewDataset,
    Person,
    Ports,
    SageBuildError,
    Unavailable,
    UnknownBuild,
)
from orchestration.steps.registration import decide
from orchestration.steps.start_build import Order, start_build
from tests.end_to_end.pipeline_house import line

SOMEBODY = Requester("tester", "Tester", "console", "console-faults")
GRACE = Person("grace", "Grace", "approver")
GOING = 4  # builds at once
PATIENCE_S = 90.0  # for one answer of an engine that is being killed
END_S = 300.0  # for the last build
TRIALS = 8
TUNING = {
    "kind": BuildKind.TUNE,
    "ranges": {"q": {"low": 0, "high": 3}, "sigma2": {"low": 0.0001, "high": 1}},
    "settings": {"tuning_jobs": TRIALS, "tuning_parallel_jobs": 3, "tuning_strategy": "Random"},
}
# What is started, in turn: the dataset and what is special. A service that comes again is an update of its endpoint.
ORDERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("plain", {}),
    ("tuned", TUNING),
    ("approved", {}),
    ("plain", {}),
    ("raw", {}),
)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Member:
    """A process of the family. of: its job or endpoint.

    role: engine, function, owner (of a job), tuner, container, serving, or deploying (a new version that comes up).
    """

    process: psutil.Process
    role: str
    of: str = ""


@dataclass
class FaultRun:
    """One run on one state folder. killed: role and job or endpoint of each process that was killed, in order."""

    ports: Ports
    folder: Path
    random: random.Random
    numbers: list[int] = field(default_factory=list)
    killed: list[tuple[str, str]] = field(default_factory=list)

    def prepare(self) -> None:
        """The services: their data, and that one of them asks a person."""
        for name, slope in (("plain", 2), ("tuned", 3), ("approved", 4)):
            splits = {split: line(slope, 30, seed) for seed, split in enumerate(("train", "validation", "test"))}
            self.ports.datasets.register(NewDataset(name, "y", splits))
        self.ports.datasets.register(NewDataset("raw", "y", {"data": line(5, 60, 0)}))
        # No gate: a tuning is random, and may find something worse than what serves.
        self.ports.settings.save({"gate_margin": 10.0, "services": {"gp/approved": {"approval_required": True}}})

    def fire(self, kills: int) -> None:
        """Keep builds going and kill that many processes."""
        while len(self.killed) < kills:
            self.go_on()
            time.sleep(self.random.uniform(0.0, 1.0))
            self.kill_one()

    def go_on(self) -> None:
        """Start what is missing, and decide what waits for a person."""
        going = self._going()
        if len(going) < GOING:
            self.numbers.append(self.persist(partial(start_build, self._order(), self.ports)).build.number)
        self._approve(going)

    def _order(self) -> Order:
        dataset, given = ORDERS[len(self.numbers) % len(ORDERS)]
        delivery = uuid.UUID(int=self.random.getrandbits(128)).hex
        whole = {"kind": BuildKind.TRAIN, "settings": {}, **given}
        return Order(
            model="gp",
            dataset=dataset,
            hyperparameters={},
            requester=SOMEBODY,
            source="fault",
            delivery_id=delivery,
            **whole,
        )

    def _approve(self, builds: list[Build]) -> None:
        for build in builds:
            if build.status is BuildStatus.WAITING_FOR_APPROVAL:
                with suppress(AlreadyDecided, Conflict, UnknownBuild):
                    self.persist(partial(decide, build.number, "approved", GRACE, "", self.ports))

    def persist(self, ask: Callable[[], Answer]) -> Answer:
        """What a person would do whose question came when the engine was killed: ask again."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return ask()
            except (Unavailable, BotoCoreError, ClientError, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def kill_one(self) -> None:
        """One of a random role. The engine is started again by whoever asks next."""
        members = list(self.family())
        if not members:
            return
        role = self.random.choice(sorted({member.role for member in members}))
        member = self.random.choice([one for one in members if one.role == role])
        with suppress(psutil.NoSuchProcess):
            member.process.send_signal(signal.SIGKILL)
            self.killed.append((member.role, member.of))

    def family(self) -> Iterator[Member]:
        """The engine of our folder, its functions, and everything that works in the folder."""
        engine = client.named(self.folder)
        root = str(self.folder)
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                words = process.cmdline()
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if "orchestration.local.engine" in words and root in words:
                    yield Member(process, "engine")
                elif "orchestration.local.function_program" in words:
                    if engine is not None and process.ppid() == engine.process.pid:
                        yield Member(process, "function")
                elif any(word.startswith(f"{root}/sagemaker/") for word in words) and "-m" in words:
                    kind = words[words.index("-m") + 1].rpartition(".")[2]
                    job = next(word for word in words if word.startswith(f"{root}/sagemaker/")).rpartition("/")[2]
                    yield Member(process, "tuner" if kind == "tuner" else "owner", job)
                elif (at := process.environ().get("SAGEBUILD_CONTAINER_ROOT", "")).startswith(root):
                    yield self._container(process, Path(at))

    def _container(self, process: psutil.Process, root: Path) -> Member:
        if "endpoints" in root.parts:
            record = json.loads((root.parent.parent / "endpoint.json").read_text())
            is_new = (record["pending"] or {}).get("number") == int(root.parent.name)
            return Member(process, "deploying" if is_new else "serving", root.parent.parent.name)
        return Member(process, "container", root.parent.name)

    def finish(self) -> None:
        """Wait until every build has ended, or the patience has."""
        end = time.monotonic() + END_S
        while (going := self._going()) and time.monotonic() < end:
            self._approve(going)
            time.sleep(0.1)

    def _builds(self) -> list[Build]:
        return [self.persist(partial(self.ports.builds.get, number)) for number in self.numbers]

    def _going(self) -> list[Build]:
        return [build for build in self._builds() if not build.has_ended]

    def problems(self) -> list[str]:
        """What is not as it must be, as sentences; nothing when all is well."""
        builds = self._builds()
        found = [problem for build in builds for problem in self._problems_of(build)]
        if len(set(self.numbers)) != len(self.numbers):
            found.append(f"numbers were given twice: {self.numbers}")
        for dataset in {build.service.dataset for build in builds if build.status is BuildStatus.READY}:
            found += self._endpoint_problems(dataset)
        return found

    def _problems_of(self, build: Build) -> Iterator[str]:
        prefix = f"{build_prefix(self.ports.environment.name, build)}-"
        if build.status is not BuildStatus.READY and not (
            build.status is BuildStatus.ERROR and self._was_hit(build, prefix)
        ):
            yield f"build {build.number} ({build.service.dataset}) is {build.status}: {build.error} {build.cause}"
        stages: Counter[str] = Counter()
        for folder in ("training-jobs", "processing-jobs", "tuning-jobs"):
            for path in sorted((self.folder / "sagemaker" / folder).glob(f"{prefix}*")):
                status = json.loads((path / "status.json").read_text())
                ran = [name for name, *_ in status["transitions"]].count("Training")
                if ran > 1:
                    yield f"the job {path.name} ran {ran} times"
                if status["status"] not in ("Completed", "Failed", "Stopped"):
                    yield f"the job {path.name} is {status['status']}"
                stages[path.name.removeprefix(prefix).partition("-")[0]] += 1
        trials = max(0, stages["tune"] - 1)
        if trials > TRIALS or (build.status is BuildStatus.READY and build.kind is BuildKind.TUNE and trials != TRIALS):
            yield f"build {build.number} has {trials} trials"
        for stage in ("train", "prepare", "evaluate"):
            if stages[stage] > 1:
                yield f"build {build.number} has {stages[stage]} jobs {stage}"

    def _was_hit(self, build: Build, prefix: str) -> bool:
        """Whether a job of the build was killed, or a process of the endpoint that it was deploying to."""
        endpoint = endpoint_name(self.ports.environment.name, build.service)
        jobs = [of for role, of in self.killed if role in ("owner", "container")]
        deployed = [of for role, of in self.killed if role == "deploying"]
        return any(job.startswith(prefix) for job in jobs) or endpoint in deployed

    def _endpoint_problems(self, dataset: str) -> Iterator[str]:
        name = endpoint_name(self.ports.environment.name, Service("gp", dataset))
        try:
            self.persist(partial(self.ports.endpoints.predict, name, [[0.5]]))
        except (SageBuildError, BotoCoreError, ClientError, OSError) as error:
            yield f"the endpoint {name} does not answer: {error}"
