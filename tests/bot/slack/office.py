"""A team's workspace for tests: signed requests go in over the gateway, the worker does what was queued; on fakes."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bot.language.parse import Language
from bot.slack.ack import Acknowledger
from bot.slack.client import Slack
from bot.slack.config import SlackSettings
from bot.slack.desk import Desk
from bot.slack.gateway import Gateway, HttpRequest, HttpResponse
from bot.slack.worker import work
from bot.wiring import Bot
from orchestration.aws.light import LightError, Send
from orchestration.ports import Person, Unavailable, Work, WorkQueue
from tests.bot.conversations import World
from tests.fakes import FakeWorkQueue
from tests.fakes.slack import BOT_USER, TOKEN, FakeSlack, Shown

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, CHANNEL = "T0TEAM", "C0BUILDS"
ADA, BOB, VERA, MALLORY = "UADA", "UBOB", "UVERA", "UMALLORY"  # admin, approver, viewer, and nobody
PEOPLE = (
    Person("ada", "Ada", "admin", (f"slack:{TEAM}:{ADA}", "console:ada"), commands_per_minute=None),
    Person("bob", "Bob", "approver", (f"slack:{TEAM}:{BOB}", "console:bob"), commands_per_minute=None),
    Person("vera", "Vera", "viewer", (f"slack:{TEAM}:{VERA}", "console:vera"), commands_per_minute=None),
)
_ids = itertools.count(1)


def fresh(prefix: str) -> str:
    """An id that no other request has."""
    return f"{prefix}{next(_ids):08d}"


def signed(body: bytes, content_type: str = "application/json", **changed: str) -> HttpRequest:
    """A request as Slack sends it. changed: `secret` and `at` (seconds) instead of the right ones."""
    at = changed.get("at", str(int(time.time())))
    digest = hmac.new(changed.get("secret", SECRET).encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"content-type": content_type, "x-slack-request-timestamp": at, "x-slack-signature": f"v0={digest}"}
    return HttpRequest("POST", headers, body)


def as_json(payload: Mapping[str, Any]) -> HttpRequest:
    return signed(json.dumps(payload).encode())


def as_form(fields: Mapping[str, str], secret: str = SECRET) -> HttpRequest:
    return signed(urlencode(fields).encode(), "application/x-www-form-urlencoded", secret=secret)


def event(inner: Mapping[str, Any], **outer: Any) -> dict[str, Any]:
    """An event as the Events API sends it."""
    return {
        "token": "x", "team_id": TEAM, "api_app_id": "A0APP", "type": "event_callback", "event_id": fresh("Ev"),
        "event_time": int(time.time()), "event": dict(inner),
        "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}], **outer,
    }  # fmt: skip


def mention(text: str, user: str = ADA, channel: str = CHANNEL, thread: str = "", **more: Any) -> dict[str, Any]:
    """Somebody speaks to the bot in a channel."""
    ts = more.pop("ts", f"17000{next(_ids):05d}.000001")
    inner = {"type": "app_mention", "user": user, "text": f"<@{BOT_USER}> {text}", "ts": ts, "channel": channel, **more}
    return event(inner | ({"thread_ts": thread} if thread else {}))


def direct(text: str, user: str = ADA, **more: Any) -> dict[str, Any]:
    """Somebody writes to the bot alone."""
    ts = f"17000{next(_ids):05d}.000001"
    return event({
        "type": "message", "channel_type": "im", "user": user, "text": text, "ts": ts, "channel": f"D{user[1:]}",
        **more,
    })  # fmt: skip


def command(text: str, user: str = ADA, channel: str = CHANNEL, response_url: str = "") -> dict[str, str]:
    """`/sagebuild <text>`."""
    return {
        "token": "x", "team_id": TEAM, "team_domain": "team", "channel_id": channel, "channel_name": "builds",
        "user_id": user, "user_name": user.lower(), "command": "/sagebuild", "text": text, "api_app_id": "A0APP",
        "response_url": response_url, "trigger_id": fresh("trigger"),
    }  # fmt: skip


@dataclass
class Office:
    """The whole channel on the fakes."""

    world: World
    slack: FakeSlack
    queue: FakeWorkQueue
    desk: Desk
    gateway: Gateway
    refused: list[str] = field(default_factory=list)

    def deliver(self, payload: Mapping[str, Any]) -> HttpResponse:
        """Send it as Slack would, without doing what it asks yet."""
        if "command" in payload:
            return self.gateway.answer(as_form(dict(payload)))
        if payload.get("type") == "event_callback" or payload.get("type") == "url_verification":
            return self.gateway.answer(as_json(payload))
        return self.gateway.answer(as_form({"payload": json.dumps(payload)}))

    def run(self, rounds: int = 10) -> None:
        """Do what is queued, and what comes of that."""
        for _ in range(rounds):
            waiting = self.queue.take_all()
            if not waiting:
                return
            for one in waiting:
                work(one, self.desk)
        raise AssertionError("the work does not come to an end")

    def try_to_run(self) -> list[Work]:
        """Do what is queued; what failed, because Slack is away."""
        failed = []
        for one in self.queue.take_all():
            try:
                work(one, self.desk)
            except Unavailable:
                failed.append(one)
        return failed

    def say(self, text: str, user: str = ADA, thread: str = "", channel: str = CHANNEL) -> list[Shown]:
        """Mention the bot, and what it answered in that thread."""
        payload = mention(text, user, channel, thread)
        before = len(self.slack.messages)
        assert self.deliver(payload).status == 200
        self.run()
        return self.slack.messages[before:]

    def press(self, shown: Shown, label: str, user: str = ADA, thread: str | None = None) -> HttpResponse:
        """Press a button of a message, and do what comes of it."""
        answer = self.deliver(self.pressing(shown, shown.button(label), user))
        self.run()
        return answer

    def choose(self, shown: Shown, value: str, user: str = ADA) -> HttpResponse:
        """Pick an option of a message's picker."""
        block = next(one for one in shown.blocks if one["type"] == "actions" and "select" in one["elements"][0]["type"])
        option = next(one for one in block["elements"][0]["options"] if one["text"]["text"] == value)
        element = {**block["elements"][0], "block_id": block["block_id"], "selected_option": option}
        answer = self.deliver(self.pressing(shown, element, user))
        self.run()
        return answer

    def pressing(self, shown: Shown, element: Mapping[str, Any], user: str = ADA) -> dict[str, Any]:
        """The payload of a press."""
        kept = ("action_id", "block_id", "value", "type", "selected_option", "text")
        is_ephemeral = bool(shown.user)
        channel = shown.channel or CHANNEL
        thread = {"thread_ts": shown.thread} if shown.thread else {}
        return {
            "type": "block_actions", "team": {"id": TEAM, "domain": "team"},
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "api_app_id": "A0APP", "token": "x", "trigger_id": fresh("trigger"),
            "container": {
                "type": "message", "message_ts": shown.ts, "channel_id": channel, "is_ephemeral": is_ephemeral,
                **thread,
            },
            "channel": {"id": channel, "name": "builds"},
            "message": {"ts": shown.ts, "text": shown.text, "blocks": shown.blocks, "bot_id": "B0BOT", **thread},
            "response_url": f"{self.slack.address}/respond/{user}",
            "actions": [{name: value for name, value in element.items() if name in kept}],
        }  # fmt: skip

    def submit(self, view: Mapping[str, Any], fields: Mapping[str, Any], user: str = ADA) -> HttpResponse:
        """Fill in an open form and send it; and do what comes of it. fields: block to text or option."""
        answer = self.deliver(submission(view, fields, user))
        self.run()
        return answer


def submission(view: Mapping[str, Any], fields: Mapping[str, Any], user: str = ADA) -> dict[str, Any]:
    """A form as Slack sends it: what was not changed has what the form began with."""
    values: dict[str, dict[str, Any]] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            values[block["block_id"]] = {element["action_id"]: _filled(element, fields.get(block["block_id"]))}
    return {
        "type": "view_submission", "team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM}, "api_app_id": "A0APP",
        "trigger_id": fresh("trigger"), "view": {**view, "hash": fresh("hash"), "state": {"values": values}},
    }  # fmt: skip


def _filled(element: Mapping[str, Any], given: Any) -> dict[str, Any]:
    kind = element["type"]
    if kind == "static_select":
        options = {one["value"]: one for one in element["options"]}
        chosen = options[given] if given is not None else element.get("initial_option")
        return {"type": kind, "selected_option": chosen}
    if kind == "multi_static_select":
        options = {one["value"]: one for one in element["options"]}
        chosen = [options[one] for one in given] if given is not None else element.get("initial_options", [])
        return {"type": kind, "selected_options": chosen}
    return {"type": kind, "value": given if given is not None else element.get("initial_value")}


def settings(slack: FakeSlack, **changed: Any) -> SlackSettings:
    given = {"team": TEAM, "bot_token": TOKEN, "signing_secret": SECRET, "api_url": slack.api_url, **changed}
    return SlackSettings(**given)


@contextmanager
def office(
    slack: FakeSlack, language: Language, people: tuple[Person, ...] = PEOPLE, **changed: Any
) -> Iterator[Office]:
    """changed: of the settings."""
    world, queue = World(people), FakeWorkQueue()
    given = settings(slack, **changed)
    desk = Desk(given, Bot(world.ports, language), world.ports, Slack(given), queue)
    yield Office(world, slack, queue, desk, Gateway(Acknowledger(given, sender(queue)).app, SECRET))


def sender(queue: WorkQueue) -> Send:
    """What the ack puts work onto the queue with, with the ack's own error."""

    def send(group: str, delivery_id: str, body: Mapping[str, Any]) -> None:
        try:
            queue.put(Work(group, delivery_id, body))
        except Unavailable as error:
            raise LightError(str(error)) from error

    return send
