"""The contract of WorkQueue, on the fake, on the local file and on SQS FIFO; what the local one does with failures."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from bot.slack.local_queue import GIVEN_UP_AFTER, LocalQueue
from orchestration.aws.light import LightClient, fifo_sender
from orchestration.aws.queues import FifoWorkQueue, work_of
from orchestration.aws.sigv4 import Credentials
from orchestration.ports import Unavailable, Work, WorkQueue
from tests.fakes import FakeWorkQueue

REGION = "us-east-1"
Taken = Callable[[], list[Work]]


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["fake", "local", "sqs"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[WorkQueue, Taken]]:
    """The queue, and what takes all that is in it."""
    if request.param == "fake":
        fake = FakeWorkQueue()
        yield fake, fake.take_all
    elif request.param == "local":
        local = LocalQueue(tmp_path / "queue.db")
        yield local, lambda: drained(local)
        local.close()
    else:
        yield from on_sqs(request.getfixturevalue("aws"))


def on_sqs(address: str) -> Iterator[tuple[WorkQueue, Taken]]:
    keys = Credentials("k", "s")
    sqs: Any = boto3.client(
        "sqs", region_name=REGION, endpoint_url=address, aws_access_key_id="k", aws_secret_access_key="s"
    )
    url = sqs.create_queue(QueueName=f"{uuid.uuid4().hex}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    client = LightClient("sqs", REGION, lambda: keys, address)

    def take() -> list[Work]:
        found: list[Work] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(work_of(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    yield FifoWorkQueue(fifo_sender(client, url)), take
    client.close()


def drained(local: LocalQueue) -> list[Work]:
    found: list[Work] = []

    def handle(one: Work) -> None:
        found.append(one)
        if local.waiting() == 1:
            local.stop()

    if local.waiting():
        local.run(handle)
    return found


def test_in_order_and_each_once(queue: tuple[WorkQueue, Taken]) -> None:
    put, take = queue
    works = [Work("a", f"d{number}", {"number": number, "text": "ü", "nothing": None}) for number in range(5)]
    for one in (*works, works[0], works[3]):
        put.put(one)
    assert take() == works


def test_what_is_left_of_a_group_waits_for_its_first(tmp_path: Path) -> None:
    """A failure is tried again before the group's next; other groups go on."""
    clock = [1000.0]
    local, seen, failing = LocalQueue(tmp_path / "queue.db", lambda: clock[0]), [], [True]
    for group, name in (("a", "a1"), ("a", "a2"), ("b", "b1")):
        local.put(Work(group, name, {}))

    def handle(one: Work) -> None:
        seen.append(one.delivery_id)
        if one.delivery_id == "a1" and failing[0]:
            raise Unavailable("away")
        if one.delivery_id == "b1":
            failing[0] = False
            clock[0] += 60
        if local.waiting() == 1:
            local.stop()

    local.run(handle)
    local.close()
    assert seen == ["a1", "b1", "a1", "a2"]


def test_groups_go_on_at_the_same_time(tmp_path: Path) -> None:
    local = LocalQueue(tmp_path / "queue.db")
    both = threading.Barrier(2, timeout=10)
    for group in ("a", "b"):
        local.put(Work(group, group, {}))
    threads = [threading.Thread(target=local.run, args=(lambda _: both.wait(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    while local.waiting():
        threading.Event().wait(0.02)
    local.stop()
    for thread in threads:
        thread.join(10)
    local.close()


def test_one_group_is_in_one_hand(tmp_path: Path) -> None:
    """Neither the work that is being done nor its group's next is given to another thread."""
    local, seen, begun, go = LocalQueue(tmp_path / "queue.db"), [], threading.Event(), threading.Event()
    for name in ("a1", "a2"):
        local.put(Work("a", name, {}))

    def handle(one: Work) -> None:
        seen.append(one.delivery_id)
        begun.set()
        assert go.wait(10)

    threads = [threading.Thread(target=local.run, args=(handle,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    threading.Event().wait(0.3)
    assert seen == ["a1"]
    go.set()
    while local.waiting():
        threading.Event().wait(0.02)
    local.stop()
    for thread in threads:
        thread.join(10)
    local.close()
    assert seen == ["a1", "a2"]


def test_what_cannot_be_done_for_two_weeks_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = [1000.0]
    local = LocalQueue(tmp_path / "queue.db", lambda: clock[0])
    local.put(Work("a", "old", {}))
    local.close()
    clock[0] += 15 * 86_400
    again = LocalQueue(tmp_path / "queue.db", lambda: clock[0])
    assert again.waiting() == 0
    assert "old could not be done" in caplog.text
    again.close()


def test_a_fault_of_ours_does_not_hold_its_group_up_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, seen = itertools.count(1000.0, 60.0), []
    local = LocalQueue(tmp_path / "queue.db", lambda: next(clock))
    for name in ("broken", "next"):
        local.put(Work("a", name, {}))

    def handle(one: Work) -> None:
        seen.append(one.delivery_id)
        if one.delivery_id == "broken":
            raise ZeroDivisionError
        local.stop()

    local.run(handle)
    local.close()
    assert seen == ["broken"] * GIVEN_UP_AFTER + ["next"]
    assert "broken is given up" in caplog.text
