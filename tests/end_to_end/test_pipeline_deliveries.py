"""A thousand duplicate, late and out-of-order deliveries: each build starts once, each approval is decided once.

By threads: a thousand on the fakes, and a hundred, which take longer, on DynamoDB as moto has it. What the state
machine is told is written down.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from orchestration.aws.clients import Clients, Wire
from orchestration.builds import Build, BuildKind, BuildStatus, Json, Requester
from orchestration.local import resources
from orchestration.local.session import local_session
from orchestration.ports import AlreadyDecided, Change, Clock, Conflict, NewDataset, Person, Ports
from orchestration.settings import BuildSettings
from orchestration.steps import lease, registration
from orchestration.steps.record import record
from orchestration.steps.start_build import Order, start_build
from orchestration.steps.start_message import start_from_message
from orchestration.wiring import make_ports
from tests.fakes import fake_ports
from tests.fakes.datasets import FakeDatasets
from tests.fakes.pipeline import FakePipeline
from tests.fakes.records import FakeClock, FakePeople

ADA = Requester("ada", "Ada", "console", "c1")
THREADS = 8
COPIES = 10
ROWS = "y,x\n1.0,1.0\n2.0,2.0\n3.0,3.0\n4.0,4.0\n"


class Machine(FakePipeline):
    """Writes down every start and every answer to a token, also those that the service would ignore."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._writing = threading.Lock()
        self.started: set[str] = set()
        self.answers: dict[str, list[Mapping[str, Json]]] = defaultdict(list)
        self.on_first_answer: Callable[[str], None] = lambda token: None

    def start(self, build: Build) -> None:
        with self._writing:
            self.started.add(build.current_execution)
        super().start(build)

    def complete(self, task_token: str, output: Mapping[str, Json]) -> None:
        with self._writing:
            self.answers[task_token].append(output)
            first = len(self.answers[task_token]) == 1
        super().complete(task_token, output)
        if first:
            self.on_first_answer(task_token)


@pytest.fixture(params=["fake", "moto"])
def ports(request: pytest.FixtureRequest) -> Iterator[Ports]:
    clock = FakeClock()
    if request.param == "fake":
        made = replace(fake_ports(clock), pipeline=Machine(clock))
        made.datasets.register(NewDataset("rows", "y", {"train": ROWS, "validation": ROWS}))
        yield made
        return
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", one_at_a_time(BaseClient._make_api_call))
        wire = Wire(local_session("testing", resources.REGION))
        clients = Clients(lambda: wire)
        environment = resources.ENVIRONMENT
        for logical, name in (("builds", environment.builds_table), ("state", environment.state_table)):
            clients("dynamodb").create_table(**resources.table(logical, name))
        clients("s3").create_bucket(Bucket=environment.data_bucket)
        made = replace(make_ports(clients, environment, FakePeople(), clock), pipeline=Machine(clock))
        made.datasets.register(NewDataset("rows", "y", {"train": ROWS, "validation": ROWS}))
        yield made


def one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """moto's DynamoDB is not atomic across threads; the service is."""
    lock = threading.Lock()

    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return locked


@pytest.fixture
def tenths(request: pytest.FixtureRequest) -> int:
    """How many tenths of the thousand there are."""
    return {"fake": 10, "moto": 1}[request.node.callspec.params["ports"]]


def machine(ports: Ports) -> Machine:
    assert isinstance(ports.pipeline, Machine)
    return ports.pipeline


def in_any_order(calls: list[Callable[[], Any]], seed: int) -> list[Any]:
    """What each gave, all of them from several threads in an order that nobody chose."""
    random.Random(seed).shuffle(calls)
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda call: call(), calls))


def messages(ports: Ports, tenths: int) -> dict[str, Mapping[str, Json]]:
    """Different ones, by the id of their delivery: orders, schedules, files that arrived; a hundred for ten tenths."""
    found: dict[str, Mapping[str, Json]] = {}
    for number in range(4 * tenths):
        found[f"order-{number}"] = {"kind": "train", "dataset": "rows", "hyperparameters": {"q": number % 5}}
        found[f"tick-{number}"] = {
            "source": "aws.events",
            "id": f"event-{number}",
            "detail": {"kind": "tune", "dataset": "rows", "ranges": {"q": {}}},
        }
    for number in range(2 * tenths):
        found[f"file-{number}"] = arrived(ports, f"arrived{number}", number)
    return found


def arrived(ports: Ports, name: str, sequencer: int) -> Mapping[str, Json]:
    """S3's event of a file that lies there."""
    bucket, key = ports.environment.data_bucket, f"incoming/{name}/data.csv"
    if isinstance(ports.datasets, FakeDatasets):
        ports.datasets.objects[f"s3://{bucket}/{key}"] = ROWS.encode()
    else:
        s3 = ports.datasets._clients("s3")  # type: ignore[attr-defined]
        s3.put_object(Bucket=bucket, Key=key, Body=ROWS.encode())
    return {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": f"{sequencer:x}"}}}]}


def test_of_a_thousand_deliveries_of_a_hundred_messages_each_starts_one_build(ports: Ports, tenths: int) -> None:
    """The second half comes late: every build has ended by then, and none is started again."""

    def deliver(delivery_id: str, message: Mapping[str, Json]) -> tuple[str, int]:
        (build,) = start_from_message(message, delivery_id, ports)
        return delivery_id, build.number

    sent = messages(ports, tenths)
    calls = [partial(deliver, *one) for one in sent.items()] * (COPIES // 2)
    early = in_any_order(list(calls), seed=1)
    started = set(machine(ports).started)
    for number in range(1, len(sent) + 1):
        record(number, Change(BuildStatus.STOPPED, ports.clock.now()), ports)
    late = in_any_order(list(calls), seed=2)
    numbers: dict[str, set[int]] = defaultdict(set)
    for delivery_id, number in early + late:
        numbers[delivery_id].add(number)
    assert len(early) + len(late) == 100 * tenths
    assert {len(found) for found in numbers.values()} == {1}
    assert sorted(number for found in numbers.values() for number in found) == list(range(1, 10 * tenths + 1))
    assert machine(ports).started == started
    assert len(started) == 10 * tenths
    assert {ports.builds.get(number).status for number in range(1, len(sent) + 1)} == {BuildStatus.STOPPED}


def test_a_redelivery_that_would_be_refused_by_now_still_finds_its_build(ports: Ports) -> None:
    """What was right when it came first: its dataset is gone since, or deployments were frozen."""
    order = Order(BuildKind.TRAIN, "gp", "rows", {}, {}, ADA, "sns", "first")
    build = start_build(order, ports).build
    record(build.number, Change(BuildStatus.TRAINING, ports.clock.now(), artifacts={"model": "s3://b/m"}), ports)
    record(build.number, Change(BuildStatus.TRAINED, ports.clock.now()), ports)
    deploy = replace(order, kind=BuildKind.DEPLOY, of=build.number, delivery_id="second")
    deployment = start_build(deploy, ports).build
    ports.datasets.delete("rows")
    freeze = replace(ports, settings=type("Frozen", (), {"load": lambda self: {"deploy_freeze": {"by": "Ada"}}})())
    assert start_build(order, ports).build.number == build.number
    assert start_build(deploy, freeze).build.number == deployment.number
    with pytest.raises(Conflict, match="frozen by Ada"):
        start_build(replace(deploy, delivery_id="third"), freeze)


def deciding(ports: Ports, delivery_id: str) -> Build:
    """A build whose approval is asked for, with the token of its state."""
    build = start_build(Order(BuildKind.TRAIN, "gp", "rows", {}, {}, ADA, "sns", delivery_id), ports).build
    settings = BuildSettings().to_json()
    build = record(build.number, Change(BuildStatus.TRAINING, ports.clock.now(), settings=settings), ports)
    registration.ask(build, f"token-{build.number}", 600, ports)
    return ports.builds.get(build.number)


def test_of_a_thousand_answers_to_forty_approvals_the_first_of_each_stands(ports: Ports, tenths: int) -> None:
    """People who disagree, the clock that runs out, and the asking state that runs again: whoever comes first."""
    builds = [deciding(ports, f"build-{number}") for number in range(4 * tenths)]
    people = [Person(name, name.title(), "approver") for name in ("grace", "alan", "edsger", "barbara")]

    def decide(build: Build, person: Person, decision: str) -> None:
        try:
            registration.decide(build.number, decision, person, "", ports)
        except AlreadyDecided:
            pass  # whoever was late is told who was first

    def expire(build: Build) -> None:
        try:
            ports.approvals.decide(build.number, "expired", registration.NOBODY, "")
        except AlreadyDecided:
            pass

    calls: list[Callable[[], Any]] = []
    for build in builds:
        for person in people:
            for decision in ("approved", "rejected"):
                calls += [partial(decide, build, person, decision)] * 2
        calls += [partial(expire, build)] * 5
        calls += [partial(registration.ask, build, f"token-{build.number}", 600, ports)] * 4
    assert len(calls) == 100 * tenths
    in_any_order(calls, seed=3)
    for build in builds:
        stored = ports.approvals.get(build.number)
        assert stored is not None
        told = {str(answer["decision"]) for answer in machine(ports).answers[f"token-{build.number}"]}
        assert told == {stored.decision}
    assert ports.approvals.waiting() == []


class Deployments:
    """The states after the lease: from a token's first answer to READY, with everything that then comes once more."""

    def __init__(self, builds: list[Build], ports: Ports) -> None:
        self._builds = {f"token-{build.number}": build for build in builds}
        self._ports = ports
        self._pool = ThreadPoolExecutor(THREADS)
        self._counting = threading.Lock()
        self._at_once = 0
        self.most_at_once = 0
        self.order: list[int] = []
        self.work: list[Future[None]] = []
        machine(ports).on_first_answer = self.granted

    def granted(self, token: str) -> None:
        self.work.append(self._pool.submit(self._deploy, self._builds[token], token))

    def _deploy(self, build: Build, token: str) -> None:
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.order.append(build.number)
        lease.keep(build, 600, self._ports)
        time.sleep(0.001)  # so that another one that was let in meanwhile is seen
        with self._counting:
            self._at_once -= 1
        record(build.number, Change(BuildStatus.READY, self._ports.clock.now()), self._ports)
        for _ in range(COPIES // 2):
            lease.release(self._ports.builds.get(build.number), self._ports)
            lease.take(build, token, 600, self._ports)  # as it was when the state began

    def done(self) -> None:
        for work in self.work:  # which grows while it is gone through
            work.result()
        self._pool.shutdown()


def test_of_a_thousand_requests_for_one_lease_one_build_deploys_at_a_time_and_each_once(
    ports: Ports, tenths: int
) -> None:
    builds = [deploying(ports, f"build-{number}") for number in range(5 * tenths)]
    deployments = Deployments(builds, ports)
    calls = [partial(lease.take, build, f"token-{build.number}", 600, ports) for build in builds] * (2 * COPIES)
    in_any_order(list(calls), seed=4)
    deployments.done()
    assert deployments.most_at_once == 1
    assert sorted(deployments.order) == [build.number for build in builds]
    assert ports.claims.holder("lease/gp/rows") is None
    assert ports.waits.of("lease/gp/rows") == []


def deploying(ports: Ports, delivery_id: str) -> Build:
    build = start_build(Order(BuildKind.TRAIN, "gp", "rows", {}, {}, ADA, "sns", delivery_id), ports).build
    settings = BuildSettings().to_json()
    record(build.number, Change(BuildStatus.TRAINING, ports.clock.now(), settings=settings), ports)
    return record(build.number, Change(BuildStatus.DEPLOYING, ports.clock.now()), ports)
