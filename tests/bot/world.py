"""A world on the fakes that the tests of the bot move on, by the same steps that the state machine takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.builds import Build, BuildStatus, Json, Service, endpoint_name
from orchestration.ports import Change, Person, Ports, Training, Trial
from orchestration.steps import candidate, registration
from orchestration.steps.plan import data_folder
from orchestration.steps.record import record
from orchestration.steps.resolve_settings import resolve_settings
from tests.fakes import ADA, FakeArtifacts, FakeClock, FakeEndpoints, FakePipeline, fake_ports

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


class World:
    """Ports on the fakes. `happens` takes one event of a conversation's file; its README says which there are."""

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

    @property
    def artifacts(self) -> FakeArtifacts:
        assert isinstance(self.ports.artifacts, FakeArtifacts)
        return self.ports.artifacts

    def happens(self, event: Mapping[str, Any]) -> None:
        """after_s passes, then each verb of the event happens, in the order of this list."""
        self.clock.forward(event.get("after_s", 0))
        number = event.get("build", 0)
        for verb, happen in (
            ("settings", lambda value: self.ports.settings.save({**self.ports.settings.load(), **value})),
            ("begins", lambda value: self.begins(number)),
            ("printed", lambda value: self.pipeline.printed.__setitem__(number, value)),
            ("trials", lambda value: self.tries(number, value)),
            ("trained", lambda value: self.trained(number, value)),
            ("judged", lambda value: self.judged(number, value, event.get("champion"))),
            ("registered", lambda value: self.registered(number)),
            ("decided", lambda value: self.decided(number)),
            ("expired", lambda value: registration.expire(self.build(number), self.ports)),
            ("status", lambda value: self.change(number, BuildStatus(value), metrics=event.get("metrics", {}))),
            ("failure", lambda value: self.change(number, BuildStatus.ERROR, error=value[0], cause=value[1])),
            ("deployed", lambda value: self.deployed(number)),
            ("serves", lambda value: self.serves(Service.from_key(value), event.get("build"))),
        ):
            if verb in event:
                happen(event[verb])

    def build(self, number: int) -> Build:
        return self.ports.builds.get(number)

    def change(self, number: int, to: BuildStatus | None, **facts: Any) -> Build:
        """A change of the record, as a state makes it."""
        return record(number, Change(to, self.clock.now(), **facts), self.ports)

    def begins(self, number: int) -> None:
        """The first state: the effective settings and hyperparameters are on the record."""
        resolve_settings({"build": number}, self.build(number).current_execution, self.ports)

    def tries(self, number: int, trials: Sequence[Mapping[str, Any]]) -> None:
        """The build's tuning has come so far. trials: best first, each with values, objective and seconds."""
        if self.build(number).status is BuildStatus.QUEUED:
            self.begins(number)
            self.change(number, BuildStatus.TUNING)
        self.pipeline.tried[number] = [
            Trial(
                f"test-b{number}-trial-{place}",
                one.get("status", "Completed"),
                {name: str(value) for name, value in one["values"].items()},
                one.get("objective"),
                one.get("seconds", 60.0),
            )
            for place, one in enumerate(trials)
        ]

    def trained(self, number: int, metrics: Mapping[str, float]) -> None:
        """A training job completed and printed these; the candidate is on the record, about to be evaluated."""
        build = self.build(number)
        if build.status is BuildStatus.QUEUED:
            self.begins(number)
            self.change(number, BuildStatus.TRAINING)
        build, job = self.build(number), f"test-b{number}-train"
        artifact = f"{data_folder(build, self.ports.environment)}/output/model.tar.gz"
        texts = {name: str(value) for name, value in build.hyperparameters.items()}
        self.pipeline.trained[job] = Training(job, "gp:1", artifact, texts, dict(metrics))
        data: dict[str, Json] = {"train_data": "s3://bucket/train", "test_data": "s3://bucket/test"}
        candidate.propose(self.build(number), job, data, True, self.ports)

    def judged(self, number: int, metrics: Mapping[str, float], champion: Mapping[str, float] | None) -> None:
        """The evaluation left these of the held-out rows, and what the champion comes to on them."""
        build = self.build(number)
        evaluation: dict[str, Json] = {
            "objective": {"name": "RMSE", "goal": "Minimize"},
            "rows": 20,
            "metrics": dict(metrics),
            "probe": [],
        }
        if champion is not None:
            evaluation["champion"] = {"metrics": dict(champion)}
        uri = f"{data_folder(build, self.ports.environment)}/evaluation/evaluation.json"
        self.artifacts.documents[uri] = evaluation
        candidate.judge(build, f"test-b{number}-evaluate", self.ports)

    def registered(self, number: int) -> None:
        """The candidate is registered; the build waits for approval, is about to be deployed, or ends TRAINED."""
        after = registration.register(self.build(number), self.ports)
        if after["next"] == "approve":
            registration.ask(self.build(number), f"token-{number}", 7 * 24 * 3600, self.ports)
        elif after["next"] == "keep":
            self.change(number, BuildStatus.TRAINED, note=str(after["note"]))

    def decided(self, number: int) -> None:
        """The state that waited goes on with what was decided."""
        after = registration.apply_decision(self.build(number), self.ports)
        if after["next"] == "keep":
            self.change(number, BuildStatus.TRAINED, note=str(after["note"]))

    def deployed(self, number: int) -> None:
        """The build's model serves; a deployment or rollback first gets its candidate from its source."""
        build = self.build(number)
        if build.status is BuildStatus.QUEUED:
            self.begins(number)
            candidate.propose(self.build(number), "", {}, False, self.ports)
        name = endpoint_name(self.ports.environment.name, build.service)
        self.change(number, BuildStatus.DEPLOYING, resources={"endpoint": name})
        self.serves(build.service, number)
        self.change(number, BuildStatus.READY)

    def serves(self, service: Service, number: int | None) -> None:
        """An endpoint of the service is in service."""
        self.endpoints.serve(endpoint_name(self.ports.environment.name, service), service, number)
