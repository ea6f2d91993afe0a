"""The local engine: from a request to the process that trains, from order to READY, and the conversation's start; its
memory with fifty builds at once, and what it survives when fifty processes of its family are killed.

About six minutes, most of them killing.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from containers.gp_image.train import fitted
from models.catalog import GP
from models.datasets import toy
from models.tabular import parse_csv
from orchestration.builds import Build, BuildKind, Requester
from orchestration.local import client
from orchestration.ports import Ports
from orchestration.steps.start_build import Order, start_build
from orchestration.wiring import LocalSession, close_local, local_clients, open_local
from tests.bench.row import Row
from tests.end_to_end.faults import FaultRun

SOMEBODY = Requester("bench", "Bench", "console", "bench")
WARM_BUILDS = 5
LIMIT_S = 60.0
AT_ONCE = 50
MAX_ENGINE_MB = 400
KILLS = 50
CHAT = "import sys; from bot.cli import main; sys.exit(main(sys.argv[1:]))"


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _engine(folder) as session:
            first_process_s, first_ready_s = _build(session)
            warm = [_build(session) for _ in range(WARM_BUILDS)]
            visited = len(session.ports.pipeline.states_entered(session.ports.builds.latest()[0]))
        second_start_s = _start_of_chat(folder)
        close_local(folder)
    process_s = statistics.median(process for process, _ in warm)
    ready_s = statistics.median(ready for _, ready in warm)
    error = statistics.median(_toy_error(seed) for seed in range(20))
    return [
        Row("first build: request to train process", first_process_s, "s", "<= 3 s", first_process_s <= 3),
        Row("warm build: request to train process", process_s, "s", "<= 1 s", process_s <= 1),
        Row("first build: toy GP to READY", first_ready_s, "s", "<= 10 s", first_ready_s <= 10),
        Row("warm build: toy GP to READY", ready_s, "s", "<= 10 s", ready_s <= 10),
        Row("states visited, train and deploy", visited, "states", "<= 40", visited <= 40),
        Row("second start of the conversation", second_start_s, "s", "<= 5 s", second_start_s <= 5),
        Row("toy GP, error at (0.5, 1.0), median of 20 seeds", error, "", "<= 0.3", error <= 0.3),
        *_fifty_at_once(),
        *_fifty_deaths(),
    ]


def _fifty_at_once() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, _engine(Path(name)) as session:
        found = client.find(Path(name))
        if found is None:
            raise RuntimeError("the engine is gone")
        peak = _Peak(found.process.pid)
        order = {"model": "gp", "dataset": "toy", "hyperparameters": {}, "settings": {}, "requester": SOMEBODY}
        started = time.monotonic()
        numbers = [
            start_build(
                Order(BuildKind.TRAIN, source="bench", delivery_id=uuid.uuid4().hex, **order),  # type: ignore[arg-type]
                session.ports,
            ).build.number
            for _ in range(AT_ONCE)
        ]
        ready = sum(_ended(session.ports, number, 900.0).status == "READY" for number in numbers)
        seconds, peak_mb = time.monotonic() - started, peak.end()
        close_local(Path(name))
    budget = f"<= {MAX_ENGINE_MB} MB"
    return [
        Row(f"{AT_ONCE} builds at once: READY", ready, f"in {seconds:.0f} s", f"{AT_ONCE}", ready == AT_ONCE),
        Row(f"{AT_ONCE} builds at once: the engine's memory", peak_mb, "MB", budget, peak_mb <= MAX_ENGINE_MB),
    ]


class _Peak:
    """The largest resident size of a process, looked at five times a second."""

    def __init__(self, pid: int) -> None:
        self._process, self._bytes, self._over = psutil.Process(pid), 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            self._bytes = max(self._bytes, self._process.memory_info().rss)

    def end(self) -> float:
        """In MB (2^20 bytes)."""
        self._over.set()
        self._thread.join()
        return self._bytes / 2**20


def _fifty_deaths() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, _engine(Path(name)) as session:
        faults = FaultRun(session.ports, Path(name), random.Random(0))
        faults.prepare()
        faults.fire(KILLS)
        faults.finish()
        problems = faults.problems()
        close_local(Path(name))
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    survived = max(0, KILLS - len(problems))
    what = f"killed at {KILLS} random moments, {len(faults.numbers)} builds: survived"
    return [Row(what, survived, f"of {KILLS}", f"{KILLS}", not problems)]


@contextmanager
def _engine(folder: Path) -> Iterator[LocalSession]:
    with open_local(folder, "bench") as session:
        yield session


def _build(session: LocalSession) -> tuple[float, float]:
    """Seconds from the request to the training program's start, and to READY."""
    ports = session.ports
    order = Order(BuildKind.TRAIN, "gp", "toy", {}, {}, SOMEBODY, "bench", uuid.uuid4().hex)
    started_at = time.time()
    number = start_build(order, ports).build.number
    build = _ended(ports, number)
    ready_s = time.time() - started_at
    job = local_clients(session.state_dir)("sagemaker").describe_training_job(TrainingJobName=build.jobs["train"])
    training = next(step for step in job["SecondaryStatusTransitions"] if step["Status"] == "Training")
    return training["StartTime"].timestamp() - started_at, ready_s


def _ended(ports: Ports, number: int, limit_s: float = LIMIT_S) -> Build:
    end = time.monotonic() + limit_s
    while not (build := ports.builds.get(number)).has_ended:
        if time.monotonic() > end:
            raise TimeoutError(f"build {number} is {build.status} after {limit_s} s")
        time.sleep(0.01)
    return build


def _start_of_chat(folder: Path) -> float:
    """Seconds from the command to the answer of its first question, on an engine that has ended."""
    close_local(folder)
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", CHAT, "chat", "--state-dir", str(folder), "--json"],
        input="is my build done?\n",
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    elapsed_s = time.monotonic() - started
    if json.loads(result.stdout.splitlines()[0])["intent"] != "BuildStatus":
        raise RuntimeError(f"unexpected answer: {result.stdout}")
    return elapsed_s


def _toy_error(seed: int) -> float:
    """How far the catalogue's defaults are from the truth at (0.5, 1.0), trained on that seed's toy data."""
    model, _ = fitted(parse_csv(toy(seed).to_csv("train"), "y"), GP.parse({}))
    return abs(float(model.predict([[0.5, 1.0]])[0]) - (1.5 * 0.5 + 5.2 * 1.0))
