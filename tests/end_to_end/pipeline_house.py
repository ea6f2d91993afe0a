"""The pipeline on the session's engine, for tests: services that tell by what they predict which version serves.

A dataset of `House` is y = slope * x with a little noise, so the prediction says of which version's data the serving
model is. Settings that only the environment's document has are each service's own: SERVICES, saved once a module.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import psutil

from models.datasets import to_csv
from orchestration.aws.parameters import KEPT_S
from orchestration.builds import Build, BuildKind, Requester, Service, build_prefix, endpoint_name
from orchestration.local.files import FileLock
from orchestration.ports import NewDataset, Person, UnknownEndpoint, UnknownExecution
from orchestration.steps.registration import decide
from orchestration.steps.start_build import Order, start_build
from orchestration.wiring import LocalSession

SOMEBODY = Requester("tester", "Tester", "console", "console-tester")
GRACE = Person("grace", "Grace", "approver")
LIMIT_S = 90.0
SLOTS = 32  # more than an engine has
SCHEMA = json.loads((Path(__file__).parents[2] / "orchestration" / "notification.schema.json").read_text())
ASK = {"approval_required": True}
# Dataset to the settings that its service has in the environment's document.
SERVICES: dict[str, dict[str, Any]] = {
    "strict": {"gate_threshold": 1e-6},
    "approved": ASK,
    "rejected": ASK,
    "expires": {**ASK, "approval_timeout_s": 10},
    "kept": ASK,
    "swapped": ASK,
    "swapped-first": ASK,
    "resumed": ASK,
    "stops": ASK,
}

RESOLVED = ["ResolveSettings", "IsImageBuilt", "IsDataPrepared", "WhatToDo"]
PREPARED = [*RESOLVED[:3], "RecordPreparing", "PrepareData", "TakeReport", "WhatToDo"]
TRAINED = ["RecordTraining", "Train", "ProposeCandidate"]
TUNED = ["RecordTuning", "Tune", "TakeTuned", "AfterTuning"]
JUDGED = ["IsEvaluated", "Evaluate", "Judge", "IsGood"]
REGISTERED = ["Register", "AfterRegistration"]
DECIDED = ["AskForApproval", "ApplyDecision", "AfterDecision"]
UPDATED = ["RecordDeploying", "TakeLease", "CreateModel", "CreateEndpointConfig", "DeployEndpoint"]
DEPLOYED = [*UPDATED, "VerifyEndpoint", "RecordReady", "Retire", "Done"]
FAILED = ["RecordFailure", "Failed"]


def eventually(what: Callable[[], bool], timeout_s: float = LIMIT_S) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.02)


def line(slope: float, rows: int, seed: int) -> str:
    """CSV of y = slope * x with a little noise."""
    source = random.Random(seed)
    points = [source.uniform(-1, 1) for _ in range(rows)]
    return to_csv(("y", "x"), [(slope * x + source.gauss(0, 0.02), x) for x in points])


class House:
    """Orders builds, follows them to their end, hears what is announced, and asks what serves."""

    def __init__(self, engine: LocalSession) -> None:
        self.engine, self.ports = engine, engine.ports
        self.clients: Any = engine.ports.builds._clients  # type: ignore[attr-defined]
        self._heard: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._queue = self._subscribe()
        self.save_settings({"services": {f"gp/{name}": own for name, own in SERVICES.items()}})

    def _subscribe(self) -> str:
        sqs = self.clients("sqs")
        queue: str = sqs.create_queue(QueueName=f"house-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.ports.environment.notices_topic_arn
        self.clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return queue

    def save_settings(self, changes: dict[str, Any]) -> None:
        """Into the environment's document, and wait until no function keeps an older one."""
        stored = dict(self.ports.settings.load())
        if stored | changes != stored:
            self.ports.settings.save(stored | changes)
            time.sleep(KEPT_S + 0.1)

    def line(self, name: str, slope: float, rows: int = 30) -> None:
        """The next version of that dataset."""
        splits = {split: line(slope, rows, seed) for seed, split in enumerate(("train", "validation", "test"))}
        self.ports.datasets.register(NewDataset(name, "y", splits))

    def raw(self, name: str, slope: float, rows: int = 60) -> None:
        """The same as one file, to be split by the build."""
        self.ports.datasets.register(NewDataset(name, "y", {"data": line(slope, rows, 0)}))

    def start(self, dataset: str, kind: BuildKind = BuildKind.TRAIN, **given: Any) -> int:
        """The number of a build that was started just now."""
        order: dict[str, Any] = {"model": "gp", "hyperparameters": {}, "settings": {}, "requester": SOMEBODY, **given}
        whole = Order(kind=kind, dataset=dataset, source="test", delivery_id=uuid.uuid4().hex, **order)
        return start_build(whole, self.ports).build.number

    def ended(self, number: int) -> Build:
        """The build, once it and its execution have ended."""
        eventually(lambda: self.ports.builds.get(number).has_ended)
        build = self.ports.builds.get(number)
        eventually(lambda: self.ports.pipeline.describe(build).status != "RUNNING")
        return self.ports.builds.get(number)

    def built(self, dataset: str, kind: BuildKind = BuildKind.TRAIN, **given: Any) -> Build:
        return self.ended(self.start(dataset, kind, **given))

    def deployed(self, name: str, slope: float) -> Build:
        """A version of that service which serves, approved by Grace where that is asked for."""
        self.line(name, slope)
        number = self.start(name)
        if SERVICES.get(name, {}).get("approval_required"):
            self.waits_in(number, "AskForApproval")
            decide(number, "approved", GRACE, "", self.ports)
        build = self.ended(number)
        assert (build.status, build.cause) == ("READY", "")
        return build

    def states(self, number: int) -> list[str]:
        """What the build's execution has entered until now; none before it is there."""
        try:
            return self.ports.pipeline.states_entered(self.ports.builds.get(number))
        except UnknownExecution:
            return []

    def waits_in(self, number: int, state: str) -> None:
        """Return once the build is in that state, and for one that waits for a person, once that can be decided."""
        eventually(lambda: self.states(number)[-1:] == [state])
        if state == "AskForApproval":
            eventually(lambda: self._is_asked(number))

    def _is_asked(self, number: int) -> bool:
        """Whether the approval that is stored waits for an answer."""
        asked = self.ports.approvals.get(number)
        return asked is not None and self.ports.builds.get(number).status == "WAITING_FOR_APPROVAL"

    def announced(self, number: int) -> list[str]:
        """The statuses that a subscriber has heard of, once it has heard of the build's last one.

        Each message is checked against the schema; the order is that of their sequence.
        """
        last = len(self.ports.builds.get(number).timeline) - 1
        eventually(lambda: self._drained(number, last))
        return [message["status"] for message in sorted(self._heard[number], key=lambda one: one["sequence"])]

    def _drained(self, number: int, sequence: int) -> bool:
        answer = self.clients("sqs").receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            body = json.loads(json.loads(message["Body"])["Message"])
            jsonschema.validate(body, SCHEMA)
            self._heard[body["build"]].append(body)
            self.clients("sqs").delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return any(one["sequence"] == sequence for one in self._heard[number])

    def serves(self, name: str) -> int | None:
        """The slope that the service's endpoint predicts, rounded; None when there is no endpoint that serves."""
        try:
            left, right = self.ports.endpoints.predict(self.endpoint(name), [[-0.5], [0.5]])
        except UnknownEndpoint:
            return None
        return round(right.mean - left.mean)

    def endpoint(self, name: str) -> str:
        return endpoint_name("local", Service("gp", name))

    def prefix(self, number: int) -> str:
        """What the names of the build's jobs begin with."""
        return build_prefix("local", self.ports.builds.get(number))

    def job(self, kind: str, name: str) -> str:
        """The status of a job. kind: Training, Processing or HyperParameterTuning."""
        operation = {"HyperParameterTuning": "hyper_parameter_tuning"}.get(kind, kind.lower())
        answer = getattr(self.clients("sagemaker"), f"describe_{operation}_job")(**{f"{kind}JobName": name})
        return str(answer[f"{kind}JobStatus"])

    def swap_artifact(self, build: Build, content: bytes) -> bytes:
        """Put something else where the build's model lies; what lay there."""
        bucket, key = build.artifacts["model"].removeprefix("s3://").split("/", 1)
        before: bytes = self.clients("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        self.clients("s3").put_object(Bucket=bucket, Key=key, Body=content)
        return before

    def artifact(self, build: Build) -> bytes:
        bucket, key = build.artifacts["model"].removeprefix("s3://").split("/", 1)
        content: bytes = self.clients("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    @contextmanager
    def no_free_slot(self) -> Iterator[None]:
        """Every place where a job could run is taken: one that is created waits, as it does for capacity on AWS."""
        folder = self.engine.state_dir / "sagemaker" / "slots"
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            for number in range(SLOTS):
                held.enter_context(FileLock.lock(folder / f"slot-{number}.lock", LIMIT_S))
            yield

    def _endpoint_record(self, name: str) -> dict[str, Any]:
        file = self.engine.state_dir / "sagemaker" / "endpoints" / self.endpoint(name) / "endpoint.json"
        record: dict[str, Any] = json.loads(file.read_text())
        return record

    def deployments(self, name: str) -> int:
        """How often the service's endpoint was created or updated."""
        return int(self._endpoint_record(name)["deployments"])

    def held_version(self, name: str) -> psutil.Process:
        """The process of the version that is coming up, held before it answers its first /ping; resume it."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            pending = self._endpoint_record(name).get("pending") or {}
            if pending.get("process"):
                process = psutil.Process(pending["process"]["pid"])
                process.suspend()
                return process
            time.sleep(0.002)
        raise AssertionError(f"no new version of {name} came up within {LIMIT_S} s")

    def check(self, build: Build, states: list[str], statuses: list[str]) -> None:
        """What it went through: the states it entered, its timeline, and what subscribers have heard of it."""
        assert self.states(build.number) == states
        assert [change.status for change in build.timeline] == statuses
        assert self.announced(build.number) == statuses
