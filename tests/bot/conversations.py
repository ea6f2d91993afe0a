"""Conversations as data: what a file of tests/conversations says, and a world on the fakes that does what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.builds import BuildStatus, Json, Service
from orchestration.ports import Change, Person, Ports
from orchestration.steps.record import record
from tests.fakes import ADA, FakeClock, FakeEndpoints, FakePipeline, fake_ports

FOLDER = Path(__file__).parents[1] / "conversations"
FILES = sorted(FOLDER.glob("*.yaml"))

# A model as an environment's settings may add one.
FOREST: dict[str, Json] = {
    "name": "forest",
    "title": "Forest",
    "description": "Many trees.",
    "words": ["trees"],
    "image": "forest",
    "program": "forest",
    "objective": "validation:RMSE",
    "metrics": [{"name": "validation:RMSE", "goal": "Minimize", "meaning": "error"}],
    "hyperparameters": [
        {"name": "max_depth", "kind": "integer", "default": 3, "meaning": "depth", "spoken": ["depth"]},
        {"name": "q", "kind": "integer", "default": 3, "meaning": "another q"},
        {"name": "boot_strap", "kind": "flag", "default": False, "meaning": "rows drawn with replacement"},
        {"name": "sizes", "kind": "integers", "default": "none", "meaning": "sizes", "minimum": 1, "maximum": 99},
        {"name": "criterion", "kind": "categorical", "default": "mae", "meaning": "x", "choices": ["mae", "linear"]},
    ],
}


@dataclass(frozen=True)
class Script:
    """One file."""

    people: tuple[Person, ...]
    turns: tuple[Mapping[str, Any], ...]


def read(path: Path) -> Script:
    """The script in a file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    others = (Person(id_, id_.title(), role, (f"console:{id_}",)) for id_, role in document.get("people", {}).items())
    return Script((ADA, *others), tuple(document["turns"]))


class World:
    """Ports on the fakes, moved on by a script's `happens`."""

    def __init__(self, people: tuple[Person, ...] = (ADA,)) -> None:
        self.clock = FakeClock()
        self.ports: Ports = fake_ports(clock=self.clock, people=people)

    @property
    def pipeline(self) -> FakePipeline:
        assert isinstance(self.ports.pipeline, FakePipeline)
        return self.ports.pipeline

    @property
    def endpoints(self) -> FakeEndpoints:
        assert isinstance(self.ports.endpoints, FakeEndpoints)
        return self.ports.endpoints

    def happens(self, event: Mapping[str, Any]) -> None:
        """after_s passes, then the build reaches a status or fails, its job prints, something is served."""
        self.clock.forward(event.get("after_s", 0))
        number, now = event.get("build"), self.clock.now()
        if "printed" in event:
            self.pipeline.printed[event["build"]] = event["printed"]
        if "status" in event:
            record(
                event["build"], Change(BuildStatus(event["status"]), now, metrics=event.get("metrics", {})), self.ports
            )
        if "failure" in event:
            error, cause = event["failure"]
            record(event["build"], Change(BuildStatus.ERROR, now, error=error, cause=cause), self.ports)
        if "serves" in event:
            service = Service.from_key(event["serves"])
            self.endpoints.serve(f"test-{service.model}-{service.dataset}", service, number)


def check_reply(turn: Mapping[str, Any], text: str) -> None:
    """The words that the reply must and must not have."""
    for words in turn.get("reply", []):
        assert words in text, f"{turn['say']!r} was answered {text!r}, without {words!r}"
    for words in turn.get("not", []):
        assert words not in text, f"{turn['say']!r} was answered {text!r}, with {words!r}"
