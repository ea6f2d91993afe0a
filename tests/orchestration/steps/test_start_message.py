"""Builds that start by message, file, schedule; and going on with a build that failed."""

from __future__ import annotations

import threading

import pytest

from orchestration.builds import BuildKind, BuildStatus, Json
from orchestration.ports import BadRequest, Change, Conflict, Ports
from orchestration.steps.record import record
from orchestration.steps.resolve_settings import resolve_settings
from orchestration.steps.resume_build import resume_build
from orchestration.steps.start_message import start_from_message
from tests.fakes import fake_ports
from tests.fakes.datasets import FakeDatasets
from tests.orchestration.steps.making import ADA, resolved, trained

CSV = "y,x1,x2\n" + "".join(f"{i}.5,{i}.0,{i % 7}.0\n" for i in range(60))


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def test_an_order_may_say_everything_or_nothing(ports: Ports) -> None:
    (build,) = start_from_message({}, "m1", ports)
    assert (build.kind, build.service.key, build.requester.channel) == (BuildKind.TRAIN, "gp/toy", "sns")
    order: dict[str, Json] = {
        "kind": "tune",
        "model": "gp",
        "dataset": "diabetes",
        "hyperparameters": {"sigma2": 0.1},
        "ranges": {"q": {}},
        "settings": {"tuning_jobs": 4},
    }
    (build,) = start_from_message(order, "m2", ports)
    assert (build.kind, build.service.key, set(build.ranges)) == (BuildKind.TUNE, "gp/diabetes", {"q"})
    assert build.overrides == {"tuning_jobs": 4}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"king": "train"}, "no 'king'; it has dataset, hyperparameters"),
        ({"kind": "fly"}, "no kind 'fly'"),
        ({"settings": []}, "settings in a start message must be a JSON object"),
        ({"model": 3}, "model in a start message must be text"),
        ({"of": True}, "of is True"),
        ({"Records": [{"s3": {}}]}, "names no bucket and object"),
        ({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "other/x.csv"}}}]}, "put CSV files under"),
        ({"source": "aws.events", "detail": 3}, "must be an order"),
    ],
)
def test_what_is_not_understood_starts_nothing(ports: Ports, message: dict[str, Json], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        start_from_message(message, "m", ports)
    assert ports.builds.latest() == []


def test_a_redelivery_starts_nothing_also_at_the_same_time(ports: Ports) -> None:
    found: list[int] = []

    def deliver(name: str) -> None:
        found.extend(build.number for build in start_from_message({}, name, ports))

    threads = [threading.Thread(target=deliver, args=(f"m{n % 4}",)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(found)) == [1, 2, 3, 4]
    assert len(ports.builds.latest(100)) == 4


def test_s3s_test_event_is_nothing(ports: Ports) -> None:
    assert start_from_message({"Event": "s3:TestEvent", "Bucket": "b"}, "m", ports) == []


def test_a_file_that_arrives_is_a_version_and_a_training_once(ports: Ports) -> None:
    assert isinstance(ports.datasets, FakeDatasets)
    ports.datasets.objects["s3://bucket/incoming/houses/new file.csv"] = CSV.encode()
    found: dict[str, Json] = {"key": "incoming/houses/new+file.csv", "versionId": "v1"}
    event: dict[str, Json] = {"Records": [{"s3": {"bucket": {"name": "bucket"}, "object": found}}]}
    numbers = {start_from_message(event, delivery, ports)[0].number for delivery in ("m1", "m2")}
    assert numbers == {1}
    build = ports.builds.get(1)
    assert (build.service.key, build.dataset_version) == ("gp/houses", "v0001")
    assert ports.datasets.get("houses").target == "y"


def test_a_schedule_starts_one_build_an_event(ports: Ports) -> None:
    event: dict[str, Json] = {"source": "aws.events", "id": "e1", "detail": {"kind": "train", "model": "gp"}}
    for delivery in ("m1", "m2"):
        (build,) = start_from_message(event, delivery, ports)
    assert (build.number, build.requester.channel) == (1, "schedule")


def failed(ports: Ports) -> int:
    build = trained(ports, "a")
    change = Change(BuildStatus.ERROR, ports.clock.now(), error="DeploymentFailed", cause="away")
    return record(build.number, change, ports).number


def test_a_resumed_build_does_not_train_again(ports: Ports) -> None:
    number = failed(ports)
    build = resume_build(number, ADA, ports)
    assert (build.status, build.error, build.current_execution[-3:]) == (BuildStatus.QUEUED, "", "-r1")
    plan = resolve_settings({"build": number}, build.current_execution, ports)
    steps, made = plan["steps"], plan["made"]
    assert isinstance(steps, dict)
    assert isinstance(made, dict)
    assert (steps["work"], made["job"]) == ("none", build.jobs["train"])


def test_what_failed_before_training_trains_when_resumed(ports: Ports) -> None:
    build, _ = resolved(ports, "a")
    record(build.number, Change(BuildStatus.ERROR, ports.clock.now(), error="E", cause="c"), ports)
    again = resume_build(build.number, ADA, ports)
    plan = resolve_settings({"build": build.number}, again.current_execution, ports)
    assert isinstance(plan["steps"], dict)
    assert plan["steps"]["work"] == "train"


def test_only_what_failed_or_was_stopped_is_resumed_and_once(ports: Ports) -> None:
    number = failed(ports)
    resume_build(number, ADA, ports)
    with pytest.raises(Conflict, match="QUEUED"):
        resume_build(number, ADA, ports)
