"""The channel of messages: what arrives is carried out once, or raises so that it ends in the dead-letter queue."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.inbox import entry
from bot.inbox.deliver import deliver, parsed
from orchestration.ports import BadRequest, Person, Ports
from tests.fakes import fake_ports

START = Person("robot", "the robot", "builder", ("sns:start",))


@pytest.fixture
def ports() -> Ports:
    return fake_ports(people=(START,))


def numbers(ports: Ports) -> list[int]:
    return [build.number for build in ports.builds.latest(10)]


def test_a_sentence_starts_a_build_once(ports: Ports) -> None:
    for _ in range(2):
        deliver({"say": "train the gp with q 2"}, "m1", ports)
    (build,) = ports.builds.latest(10)
    assert (build.hyperparameters["q"], build.requester.name) == (2, "the robot")


@pytest.mark.parametrize(
    "said",
    ["colourless green ideas", "trian the gp", "predict", "details of build 9", "", 3, None],
    ids=["not understood", "repaired", "slot missing", "unknown build", "nothing", "number", "null"],
)
def test_what_is_not_carried_out_is_raised(ports: Ports, said: Any) -> None:
    with pytest.raises(BadRequest):
        deliver({"say": said}, "m1", ports)
    assert numbers(ports) == []


def test_nobody_speaks_by_message_until_an_admin_says_who() -> None:
    ports = fake_ports()
    with pytest.raises(BadRequest, match="start training"):
        deliver({"say": "start training"}, "m1", ports)
    assert numbers(ports) == []


def test_an_order_starts_a_build(ports: Ports) -> None:
    deliver({"kind": "train"}, "m1", ports)
    assert numbers(ports) == [1]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "x" * 300_000], ids=["empty", "cut", "list", "number", "long"])
def test_a_message_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parsed(text)


def test_the_function_takes_what_sns_and_eventbridge_deliver(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "function_ports", lambda: ports)
    record = {"EventSource": "aws:sns", "Sns": {"MessageId": "m1", "Message": json.dumps({"kind": "train"})}}
    for _ in range(2):
        entry.handler({"Records": [record]}, None)
    entry.handler({"source": "sagebuild.schedule", "id": "e1", "detail": {"kind": "train"}}, None)
    assert numbers(ports) == [2, 1]
