"""The channel on one's own machine: over HTTP and in Socket Mode, its queue kept, its builds watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bot.language.parse import Language
from bot.slack.config import SlackSettings, is_configured
from bot.slack.gateway import MAX_BODY_BYTES
from bot.slack.local_queue import LocalQueue
from bot.slack.serving import Watcher, serving
from bot.wiring import Bot
from orchestration.ports import Unavailable
from orchestration.steps.start_build import start_build
from tests.bot.conversations import World
from tests.bot.slack.office import CHANNEL, PEOPLE, Office, as_json, fresh, mention, settings
from tests.bot.slack.test_live import order
from tests.bot.slack.up import SocketModeServer, free_port, on_http
from tests.fakes.slack import FakeSlack

LIMIT_S = 20.0


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def post(address: str, body: bytes, headers: dict[str, str], method: str = "POST") -> int:
    try:
        with urlopen(Request(address, body, headers, method=method), timeout=10) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        error.close()
        return error.code


def test_over_http(slack: FakeSlack, language: Language, tmp_path: Path) -> None:
    world = World(PEOPLE)
    bot = Bot(world.ports, language)
    with (
        serving(settings(slack), bot, world.ports, tmp_path) as served,
        on_http(served.gateway, free_port()) as address,
    ):
        asked = as_json(mention("list models", thread="17.5"))
        assert post(address, asked.body, dict(asked.headers)) == 200
        until(lambda: slack.messages)
        assert slack.messages[0].thread == "17.5"
        assert post(address, asked.body, {**asked.headers, "x-slack-signature": "v0=00"}) == 401
        assert post(address, b"x" * (MAX_BODY_BYTES + 5), dict(asked.headers)) == 413
        assert post(address, b"", {}, "GET") == 405
        again = as_json(mention("list endpoints", thread="17.5"))
        assert post(address, again.body, dict(again.headers)) == 200
        until(lambda: len(slack.messages) == 2)
    assert len(slack.messages) == 2


def test_what_was_acknowledged_survives_the_process(slack: FakeSlack, language: Language, tmp_path: Path) -> None:
    world = World(PEOPLE)
    slack.fail("*", 503, times=1000)
    with serving(settings(slack), Bot(world.ports, language), world.ports, tmp_path) as served:
        assert served.gateway is not None
        assert served.gateway.answer(as_json(mention("list models", thread="17.5"))).status == 200
        until(lambda: slack.calls)
    assert slack.messages == []
    slack.recover()
    with serving(settings(slack), Bot(world.ports, language), world.ports, tmp_path) as served:
        until(lambda: slack.messages)
    assert len(slack.messages) == 1


@pytest.fixture
def socket_mode() -> Iterator[SocketModeServer]:
    server = SocketModeServer()
    yield server
    server.close()


def test_in_socket_mode(
    slack: FakeSlack, language: Language, tmp_path: Path, socket_mode: SocketModeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack, "_apps_connections_open", lambda given: {"url": socket_mode.url}, raising=False)
    slack.app_tokens.add("xapp-1-test")
    world = World(PEOPLE)
    given = settings(slack, signing_secret="", app_token="xapp-1-test")
    with serving(given, Bot(world.ports, language), world.ports, tmp_path) as served:
        assert served.gateway is None
        payload = mention("start training", thread="17.5")
        for number in range(3):  # Slack sends what was not acknowledged again
            envelope = {"type": "events_api", "envelope_id": f"e{number}", "payload": payload, "retry_attempt": number}
            socket_mode.send(envelope)
            assert socket_mode.answers.get(timeout=LIMIT_S) == {"envelope_id": f"e{number}"}
        until(lambda: slack.messages)
        socket_mode.send({"type": "slash_commands", "envelope_id": "e9", "payload": {"command": "/sagebuild"}})
        time.sleep(0.2)  # malformed: not acknowledged, and nothing breaks
        foreign = mention("start training") | {"team_id": "T0OTHER", "event_id": fresh("Ev")}
        socket_mode.send({"type": "events_api", "envelope_id": "e10", "payload": foreign})
        until(lambda: served.queue.waiting() == 0)
    assert len(world.ports.builds.latest(10)) == 1
    assert [shown.channel for shown in slack.messages] == [CHANNEL]


def test_socket_mode_that_cannot_be_reached_is_said(slack: FakeSlack, language: Language, tmp_path: Path) -> None:
    world = World(PEOPLE)
    given = settings(slack, signing_secret="", app_token="xapp-1-wrong")
    with (
        pytest.raises(Unavailable, match="Socket Mode could not be reached") as raised,
        serving(given, Bot(world.ports, language), world.ports, tmp_path),
    ):
        pass
    assert "xapp-1-wrong" not in str(raised.value)


def test_whether_slack_is_configured_here() -> None:
    assert not is_configured({})
    assert is_configured({"SLACK_BOT_TOKEN": "xoxb-1"})
    assert SlackSettings("T012", "xoxb-1", app_token="xapp-1").seal_key == "xapp-1"


def looked(office: Office, watcher: Watcher) -> list[int]:
    watcher.look()
    return [one.body["number"] for one in office.queue.take_all()]


def test_the_watcher_queues_what_changed(office: Office, tmp_path: Path) -> None:
    queue = LocalQueue(tmp_path / "q.db")
    watcher = Watcher(office.desk.ports, queue)
    watcher.queue = office.queue  # type: ignore[assignment]
    assert looked(office, watcher) == []
    office.say("start training")
    office.queue.take_all()
    assert looked(office, watcher) == [1]
    assert looked(office, watcher) == [1]  # the third look: time goes on, and so may its best value
    assert looked(office, watcher) == []
    office.world.happens({"build": 1, "status": "TRAINING"})
    assert looked(office, watcher) == [1]
    office.world.happens({"build": 1, "status": "READY"})
    assert looked(office, watcher) == [1]
    for _ in range(5):
        assert looked(office, watcher) == []
    queue.close()


def test_what_ended_before_slack_was_connected_is_not_news(office: Office, tmp_path: Path) -> None:
    start_build(order("console"), office.desk.ports)
    office.world.happens({"build": 1, "failure": ["E", "old"]})
    queue = LocalQueue(tmp_path / "q.db")
    watcher = Watcher(office.desk.ports, queue)
    watcher.look()
    assert queue.waiting() == 0
    start_build(replace(order("console"), delivery_id="2"), office.desk.ports)
    office.world.happens({"build": 2, "failure": ["E", "new"]})
    watcher.look()
    assert queue.waiting() == 1
    queue.close()
