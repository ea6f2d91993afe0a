"""The whole house on a laptop: a build from order to prediction, on the real state machine and real processes."""

from __future__ import annotations

import random
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from models.catalog import GP
from models.datasets import to_csv
from orchestration.builds import Build, BuildKind, BuildStatus, Requester, build_prefix, endpoint_name
from orchestration.ports import NewDataset, Ports
from orchestration.steps.start_build import Order, start_build
from orchestration.steps.stop_build import stop_build
from orchestration.wiring import LocalSession
from tests.end_to_end.pipeline_house import DEPLOYED, JUDGED, REGISTERED, RESOLVED, TRAINED

SOMEBODY = Requester("tester", "Tester", "console", "console-tester")
BUILD_S = 60.0
STATUSES = ["QUEUED", "TRAINING", "EVALUATING", "REGISTERING", "DEPLOYING", "READY"]
TRAIN_AND_DEPLOY = [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, *DEPLOYED]


def order(delivery_id: str = "", **changes: object) -> Order:
    given: dict[str, object] = {"model": "gp", "dataset": "toy", "hyperparameters": {}, "settings": {}, **changes}
    return Order(
        kind=BuildKind.TRAIN,
        requester=SOMEBODY,
        source="test",
        delivery_id=delivery_id or uuid.uuid4().hex,
        **given,  # type: ignore[arg-type]
    )


def eventually(what: Callable[[], bool], timeout_s: float = BUILD_S) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.05)


def ended(ports: Ports, number: int) -> Build:
    eventually(lambda: ports.builds.get(number).has_ended)
    return ports.builds.get(number)


def job_processes(name: str) -> list[psutil.Process]:
    """The processes that work in the job's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        if environment.get("TRAINING_JOB_NAME") == name:
            found.append(process)
    return found


@pytest.fixture
def slow_dataset(engine: LocalSession) -> str:
    """Enough rows that training takes long enough to be stopped."""
    name = f"slow-{uuid.uuid4().hex[:6]}"
    source = random.Random(1)
    rows = [(source.gauss(0, 1), source.gauss(0, 1), source.gauss(0, 1)) for _ in range(12_000)]
    splits = {"train": to_csv(("y", "x1", "x2"), rows), "validation": to_csv(("y", "x1", "x2"), rows[:20])}
    engine.ports.datasets.register(NewDataset(name, "y", splits))
    return name


def test_a_build_trains_deploys_and_predicts(engine: LocalSession) -> None:
    ports = engine.ports
    started = start_build(order(), ports)
    build = ended(ports, started.build.number)
    assert (build.status, build.error) == (BuildStatus.READY, "")
    assert [change.status for change in build.timeline] == STATUSES
    assert 0.5 < build.metrics["validation:RMSE"] < 2
    assert build.hyperparameters == GP.parse({})
    eventually(lambda: ports.pipeline.describe(build).status == "SUCCEEDED")
    entered = ports.pipeline.states_entered(build)
    assert entered == TRAIN_AND_DEPLOY
    prediction = ports.endpoints.predict("local-gp-toy", [[0.5, 1.0]])[0]
    assert abs(prediction.mean - (1.5 * 0.5 + 5.2 * 1.0)) <= 0.5
    assert prediction.std is not None
    assert prediction.std > 0


def test_the_container_contract_was_kept(engine: LocalSession) -> None:
    """The training really was a process of its own: it left the files that a SageMaker container would."""
    build = ended(engine.ports, start_build(order(), engine.ports).build.number)
    job = engine.state_dir / "sagemaker" / "training-jobs" / build.jobs["train"]
    root = job / "ml"
    for path in (
        "input/config/hyperparameters.json",
        "input/config/inputdataconfig.json",
        "input/data/train/train.csv",
    ):
        assert (root / path).is_file(), path
    assert "validation:RMSE=" in (job / "log.txt").read_text()
    artifact = build.artifacts["model"]
    assert artifact.startswith("s3://")
    assert artifact.endswith("model.tar.gz")


def test_the_endpoint_is_a_real_http_server(engine: LocalSession) -> None:
    ended(engine.ports, start_build(order(), engine.ports).build.number)
    document = (engine.state_dir / "sagemaker" / "endpoints" / "local-gp-toy" / "endpoint.json").read_text()
    port = find_port(document)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5) as response:
        assert response.status == 200


def find_port(document: str) -> int:
    import json

    def walk(value: object) -> int | None:
        if isinstance(value, dict):
            if isinstance(value.get("port"), int):
                return int(value["port"])
            return next((found for child in value.values() if (found := walk(child))), None)
        if isinstance(value, list):
            return next((found for child in value if (found := walk(child))), None)
        return None

    port = walk(json.loads(document))
    assert port is not None
    return port


def test_training_only_ends_trained(engine: LocalSession) -> None:
    started = start_build(order(settings={"deploy_after_training": False}), engine.ports)
    build = ended(engine.ports, started.build.number)
    assert build.status is BuildStatus.TRAINED
    assert "CreateModel" not in engine.ports.pipeline.states_entered(build)


def test_a_failed_training_is_an_error_with_its_cause(engine: LocalSession) -> None:
    """A training file that a container refuses: it was changed after it was registered."""
    ports = engine.ports
    name = f"broken-{uuid.uuid4().hex[:6]}"
    dataset = ports.datasets.register(NewDataset(name, "y", {"train": "y,x\n1,2\n2,3\n", "validation": "y,x\n1,2\n"}))
    key = dataset.uris["train"].split("/", 3)[3]
    ports.datasets._clients("s3").put_object(  # type: ignore[attr-defined]
        Bucket="sagebuild-local-data", Key=key, Body=b"z,x\n1,two\n"
    )
    build = ended(ports, start_build(order(dataset=name), ports).build.number)
    assert (build.status, build.error) == (BuildStatus.ERROR, "TrainingFailed")
    assert "y" in build.cause
    eventually(lambda: ports.pipeline.describe(build).status == "FAILED")
    assert ports.pipeline.describe(build).error == "BuildFailed"


def test_stopping_a_training_ends_its_process(engine: LocalSession, slow_dataset: str) -> None:
    ports = engine.ports
    number = start_build(order(dataset=slow_dataset), ports).build.number
    name = f"{build_prefix('local', ports.builds.get(number))}-train-0"
    eventually(lambda: bool(job_processes(name)))
    stop_build(number, SOMEBODY, ports)
    build = ended(ports, number)
    assert (build.status, build.error) == (BuildStatus.STOPPED, "")
    eventually(lambda: not job_processes(name))
    eventually(lambda: ports.pipeline.describe(build).status == "ABORTED")
    assert ports.builds.get(number).status is BuildStatus.STOPPED


def test_eight_starts_with_one_delivery_are_one_build_and_eight_with_eight_are_eight(engine: LocalSession) -> None:
    ports, delivery = engine.ports, uuid.uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: start_build(order(delivery), ports), range(8)))
        other = list(pool.map(lambda _: start_build(order(), ports), range(8)))
    assert len({started.build.number for started in same}) == 1
    assert [started.is_new for started in same].count(True) == 1
    assert len({started.build.number for started in other}) == 8
    # All of one service: the deploy lease lets them deploy one after the other.
    assert {ended(ports, started.build.number).status for started in other} == {BuildStatus.READY}


def test_an_execution_begun_by_hand_gets_a_record(engine: LocalSession) -> None:
    ports = engine.ports
    states = ports.pipeline._clients("stepfunctions")  # type: ignore[attr-defined]
    machine = ports.environment.state_machine_arn
    name = f"hand-{uuid.uuid4().hex[:12]}"
    states.start_execution(stateMachineArn=machine, name=name, input="{}")
    eventually(lambda: any(build.execution_name == name for build in ports.builds.latest(10)))
    build = ended(ports, ports.builds.by_execution(name).number)
    assert (build.status, build.service.key) == (BuildStatus.READY, "gp/toy")


def test_every_status_is_announced_once(engine: LocalSession) -> None:
    """A subscriber of the notification topic hears of each status of a build, once."""
    ports = engine.ports
    clients = ports.builds._clients  # type: ignore[attr-defined]
    queue = clients("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = clients("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients("sns").subscribe(TopicArn=ports.environment.notices_topic_arn, Protocol="sqs", Endpoint=arn)
    number = ended(ports, start_build(order(), ports).build.number).number
    heard: list[tuple[int, str]] = []

    def drained() -> bool:
        import json

        answer = clients("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            body = json.loads(json.loads(message["Body"])["Message"])
            heard.append((body["build"], body["status"]))
            clients("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return (number, "READY") in heard

    eventually(drained)
    assert [status for build, status in heard if build == number] == STATUSES


def test_the_service_keeps_its_endpoint(engine: LocalSession, tmp_path: Path) -> None:
    """A second build of a service updates the endpoint in place."""
    ports = engine.ports
    first = ended(ports, start_build(order(), ports).build.number)
    second = ended(ports, start_build(order(hyperparameters={"seed": 2}), ports).build.number)
    name = endpoint_name("local", first.service)
    assert first.resources["endpoint"] == second.resources["endpoint"] == name
    endpoint = ports.endpoints.describe(name)
    assert (endpoint.status, endpoint.build_number) == ("InService", second.number)
    assert [one.name for one in ports.endpoints.all()].count(name) == 1
