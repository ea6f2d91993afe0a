"""Delivery of events: at least once, in order for each function, kept until taken, given up with a word."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.local import events as module
from orchestration.local.events import ATTEMPTS, Events, Notice
from orchestration.local.lambdas import Answer
from orchestration.local.resources import topic_arn
from orchestration.local.sources import read_sources
from orchestration.local.storage import ItemChange, Storage

TABLE = {
    "closer": {"events": [{"type": "execution-changed", "statuses": ["FAILED"]}]},
    "starter": {
        "events": [
            {"type": "topic", "topic": "start"},
            {"type": "object-created", "prefix": "incoming/"},
            {"type": "job-changed", "jobs": ["tuning"]},
        ]
    },
    "teller": {"events": [{"type": "outbox", "every_s": 0.05}]},
    "sweeper": {"events": [{"type": "schedule", "every_s": 0.05}]},
}


class FakeLambdas:
    """Functions that take what they are given, unless `refuse` says not."""

    def __init__(self) -> None:
        self.taken: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.refuse: Callable[[str, int], bool] = lambda function, attempt: False
        self._attempts: dict[bytes, int] = defaultdict(int)
        self._lock = threading.Lock()

    def invoke(self, name: str, payload: bytes) -> Answer:
        with self._lock:
            self._attempts[payload] += 1
            if self.refuse(name, self._attempts[payload]):
                return Answer(b'{"errorType": "Boom"}', is_error=True)
            self.taken[name].append(json.loads(payload))
            return Answer(b"null", is_error=False)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.001)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = Storage(tmp_path / "engine.db")
    yield storage
    storage.close()


@pytest.fixture
def lambdas() -> FakeLambdas:
    return FakeLambdas()


def events_of(lambdas: FakeLambdas, storage: Storage) -> Events:
    return Events(lambdas, storage, read_sources(TABLE), "123456789012", "us-east-1")  # type: ignore[arg-type]


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def notice(message: str) -> Notice:
    return Notice(topic_arn("start"), "m-1", message, None, {"model": ("String", "gp")})


def test_each_goes_to_those_that_want_it_in_order_and_is_forgotten(lambdas: FakeLambdas, storage: Storage) -> None:
    events = events_of(lambdas, storage)
    for number in range(20):
        events.published(notice(f"{number}"))
    events.execution_changed("arn", "e", "SUCCEEDED", None, None)
    events.execution_changed("arn", "e", "FAILED", "E", "why")
    events.published(Notice(topic_arn("notices"), "m", "not wanted", None, {}))
    events.close(10)
    records = [event["Records"][0]["Sns"] for event in lambdas.taken["starter"]]
    assert [record["Message"] for record in records] == [f"{number}" for number in range(20)]
    assert records[0]["MessageAttributes"] == {"model": {"Type": "String", "Value": "gp"}}
    assert [event["detail"]["status"] for event in lambdas.taken["closer"]] == ["FAILED"]
    assert storage.events() == []


def test_objects_jobs_and_their_shapes(lambdas: FakeLambdas, storage: Storage) -> None:
    events = events_of(lambdas, storage)
    events.object_created("bucket", "incoming/a b+ü.json", 12, 1.5)
    events.object_created("bucket", "datasets/other.csv", 12, 1.5)
    events.job_changed("training", "arn", "t", "Completed")
    events.job_changed("tuning", "arn", "h", "Failed")
    events.close(10)
    s3, job = lambdas.taken["starter"]
    found = s3["Records"][0]["s3"]["object"]
    assert (found["key"], found["size"], found["versionId"]) == ("incoming%2Fa+b%2B%C3%BC.json", 12, "16e360")
    assert job["detail-type"] == "SageMaker HyperParameter Tuning Job State Change"
    assert job["detail"]["HyperParameterTuningJobStatus"] == "Failed"


def test_a_function_that_fails_gets_it_again(lambdas: FakeLambdas, storage: Storage) -> None:
    lambdas.refuse = lambda function, attempt: attempt < ATTEMPTS
    events = events_of(lambdas, storage)
    events.published(notice("one"))
    until(lambda: lambdas.taken["starter"])
    events.close(10)
    assert storage.events() == []


def test_what_is_never_taken_is_given_up_with_an_error_and_tried_again_by_the_next_engine(
    lambdas: FakeLambdas, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    lambdas.refuse = lambda function, attempt: function == "starter"
    events = events_of(lambdas, storage)
    events.published(notice("one"))
    until(storage.given_up_events)
    events.close(10)
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
    assert "starter has not taken an event in 5 attempts" in caplog.text
    assert storage.given_up_events()[0][2] == '{"errorType": "Boom"}'
    lambdas.refuse = lambda function, attempt: False
    after = events_of(lambdas, storage)
    after.resume()
    until(lambda: lambdas.taken["starter"])
    after.close(10)
    assert storage.events() == []


def test_a_function_that_fails_holds_up_no_other(lambdas: FakeLambdas, storage: Storage) -> None:
    gate = threading.Event()

    def refuse(function: str, attempt: int) -> bool:
        return function == "starter" and not gate.is_set()

    lambdas.refuse = refuse
    events = events_of(lambdas, storage)
    for number in range(5):
        events.published(notice(f"{number}"))
    events.execution_changed("arn", "e", "FAILED", "E", "why")
    until(lambda: lambdas.taken["closer"])
    gate.set()
    events.close(10)


def test_what_the_engine_before_could_not_deliver_is_delivered(lambdas: FakeLambdas, storage: Storage) -> None:
    storage.add_event("closer", '{"detail": 1}')
    storage.add_event("gone", '{"detail": 2}')
    events = events_of(lambdas, storage)
    events.resume()
    until(lambda: lambdas.taken["closer"] == [{"detail": 1}])
    until(lambda: not storage.events())
    events.close(10)


def test_the_outbox_is_looked_at_while_it_holds_something_and_schedules_always(
    lambdas: FakeLambdas, storage: Storage
) -> None:
    events = events_of(lambdas, storage)

    def look(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            events.look_at_clock()
            time.sleep(0.005)

    look(0.2)
    assert lambdas.taken["teller"] == []
    until(lambda: lambdas.taken["sweeper"])
    assert lambdas.taken["sweeper"][0]["detail-type"] == "Scheduled Event"
    storage.save_items([ItemChange("builds", "OUTBOX", "1", {"pk": {"S": "OUTBOX"}})])
    look(0.2)
    until(lambda: lambdas.taken["teller"])
    events.close(10)
