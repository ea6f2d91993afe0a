"""The state transitions of a train-and-deploy build, which AWS charges for: the same however long training takes.

Counted on the engine for a short and a longer training, and over the fakes for one of 1 hour and one of 24; and by the
definition, as the longest way that there is through a machine that enters no state twice.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
import uuid
from pathlib import Path

from models.datasets import to_csv
from orchestration.builds import BuildKind, Requester
from orchestration.machines.render import BUILD_MACHINE
from orchestration.machines.table import longest_way
from orchestration.ports import NewDataset, Ports
from orchestration.steps.start_build import Order, start_build
from orchestration.wiring import close_local, open_local
from tests.bench.row import Row
from tests.fakes import fake_ports
from tests.orchestration.machine_walker import Jobs, walk

SOMEBODY = Requester("bench", "Bench", "console", "bench")
LIMIT_S = 300.0
MOST = 40
LONGER_ROWS = 4_000


def rows() -> list[Row]:
    short, longer = _on_the_engine()
    hour, day = _simulated(3600), _simulated(24 * 3600)
    longest = len(longest_way("ResolveSettings", json.loads(BUILD_MACHINE.read_text())["States"]))
    same = f"as for {short[1]:.1f} s of training"
    return [
        Row(f"transitions, train and deploy, {short[1]:.1f} s", short[0], "", f"<= {MOST}", short[0] <= MOST),
        Row(f"transitions, train and deploy, {longer[1]:.1f} s", longer[0], "", same, longer[0] == short[0]),
        Row("transitions, train and deploy, 1 h simulated", hour, "", same, hour == short[0]),
        Row("transitions, train and deploy, 24 h simulated", day, "", same, day == short[0]),
        Row("transitions, longest way through the machine", longest, "", f"<= {MOST}", longest <= MOST),
    ]


def _on_the_engine() -> tuple[tuple[int, float], tuple[int, float]]:
    """Transitions and seconds of training, of a short training and of a longer one."""
    with tempfile.TemporaryDirectory() as name:
        with open_local(Path(name), "bench") as session:
            ports = session.ports
            ports.datasets.register(_longer())
            counted = _counted("toy", ports), _counted("longer", ports)
        close_local(Path(name))
    return counted


def _longer() -> NewDataset:
    source = random.Random(1)
    table = [(source.gauss(0, 1), source.gauss(0, 1)) for _ in range(LONGER_ROWS)]
    splits = {"train": table, "validation": table[:20], "test": table[20:40]}
    return NewDataset("longer", "y", {split: to_csv(("y", "x"), part) for split, part in splits.items()})


def _counted(dataset: str, ports: Ports) -> tuple[int, float]:
    number = start_build(_order(dataset), ports).build.number
    end = time.monotonic() + LIMIT_S
    while ports.pipeline.describe(build := ports.builds.get(number)).status == "RUNNING":
        if time.monotonic() > end:
            raise TimeoutError(f"build {number} is {build.status} after {LIMIT_S} s")
        time.sleep(0.05)
    if build.status != "READY":
        raise RuntimeError(f"build {number} is {build.status}: {build.cause}")
    at = {change.status: change.at for change in build.timeline}
    training_s = (at["EVALUATING"] - at["TRAINING"]).total_seconds()  # type: ignore[index]
    return len(ports.pipeline.states_entered(build)), training_s


def _simulated(seconds: float) -> int:
    """Over the fakes, with each job taking that long by their clock."""
    ports = fake_ports()
    toy = ports.datasets.get("toy")
    splits = {split: ports.datasets.objects[uri].decode() for split, uri in toy.uris.items()}  # type: ignore[attr-defined]
    ports.datasets.register(NewDataset("tested", toy.target, splits | {"test": splits["validation"]}))
    build = start_build(_order("tested"), ports).build
    walked = walk(build.execution_name, {"build": build.number}, ports, Jobs(seconds=seconds))
    if ports.builds.get(build.number).status != "READY":
        raise RuntimeError(f"the simulated build is {ports.builds.get(build.number).status}")
    return len(walked.states)


def _order(dataset: str) -> Order:
    return Order(BuildKind.TRAIN, "gp", dataset, {}, {}, SOMEBODY, "bench", uuid.uuid4().hex)
