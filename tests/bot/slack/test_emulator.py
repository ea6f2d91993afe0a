"""The bot on somebody else's Slack: the emulator `emulate`, over HTTP, with real builds on the local engine.

What is said is said through the emulator's Web API by Alice and Bob; the emulator signs the events and delivers them.
Its tokens have the scopes of the app's manifest and no others. It has no buttons to press, so presses are signed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient

from bot.language.parse import Language
from bot.slack.config import SlackSettings
from bot.slack.http import PATH
from bot.slack.manifest import scopes
from bot.slack.serving import Serving, serving
from bot.wiring import Bot
from models.datasets import SAMPLES
from orchestration.aws.parameters import KEPT_S
from orchestration.builds import Json
from orchestration.wiring import LocalSession, close_local, open_local
from tests.bot.slack.drawing import draw
from tests.bot.slack.office import as_form, fresh
from tests.bot.slack.up import free_port, on_http
from tests.tools import tool

FOLDER = Path(__file__).parent
SECRET, BOT_TOKEN, BOT_USER, TEAM = "emulated-signing-secret", "xoxb-sagebuild", "U0SAGEBOT", "T000000001"
LIMIT_S = 80.0
# Whatever the champion is by then: these builds are to get as far as READY, in any order.
LENIENT: dict[str, Json] = {"schema_version": 1, "gate_margin": 10.0}


def installed() -> str:
    """Node, with the emulator in place; the test is skipped without, and fails where SAGEBUILD_REQUIRE names node."""
    node, npm = tool("node"), tool("npm")
    if not (FOLDER / "node_modules" / "emulate").is_dir():
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts"], cwd=FOLDER, capture_output=True, text=True, timeout=110, check=False
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:] or ["npm said nothing"]
            if "node" in os.environ.get("SAGEBUILD_REQUIRE", "").split(","):
                pytest.fail(f"npm could not install the emulator: {said[0]}")
            pytest.skip(f"npm could not install the emulator: {said[0]}")
    return node


@dataclass
class Workspace:
    """The emulated workspace with the bot in it."""

    api: str
    events: str
    serving: Serving
    session: LocalSession
    users: dict[str, str] = field(default_factory=dict)
    channel: str = ""

    def client(self, name: str) -> WebClient:
        return WebClient(f"xoxp-{name}", base_url=self.api)

    def say(self, name: str, text: str, thread: str | None = None) -> str:
        """A mention in the channel; the thread that it is answered in."""
        posted = self.client(name).chat_postMessage(
            channel=self.channel, text=f"<@{BOT_USER}> {text}", thread_ts=thread
        )
        return thread or str(posted["ts"])

    def answers(self, thread: str) -> list[dict[str, Any]]:
        """What the bot has said in that thread, as Alice sees it."""
        found = self.client("alice").conversations_replies(channel=self.channel, ts=thread, limit=100)
        return [one for one in found["messages"] if one["user"] == BOT_USER]

    def until(self, thread: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first answer in that thread of which it holds."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            for message in self.answers(thread):
                if holds(message):
                    return message
            time.sleep(0.2)
        raise AssertionError("\n\n".join(seen(message) for message in self.answers(thread)))

    def press(self, message: dict[str, Any], label: str, name: str) -> None:
        """Press a button, or pick an option, as Slack would send it."""
        user = {"id": self.users[name], "team_id": TEAM}
        block, action = pressed(message, label)
        payload = {
            "type": "block_actions", "team": {"id": TEAM}, "user": user, "trigger_id": fresh("trigger"),
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": self.channel},
            "channel": {"id": self.channel}, "message": {**message, "bot_id": "B0SAGEBOT"},
            "actions": [{**action, "block_id": block["block_id"]}],
        }  # fmt: skip
        self.send(payload)

    def send(self, payload: dict[str, Any]) -> None:
        signed = as_form({"payload": json.dumps(payload)}, SECRET)
        request = Request(self.events, signed.body, dict(signed.headers), method="POST")
        with urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def submit(self, callback: str, metadata: str, fields: dict[str, Any], name: str) -> None:
        values = {block: {block: {"type": "plain_text_input", "value": value}} for block, value in fields.items()}
        view = {
            "id": fresh("V"), "type": "modal", "callback_id": callback, "private_metadata": metadata,
            "state": {"values": values},
        }  # fmt: skip
        self.send({"type": "view_submission", "team": {"id": TEAM}, "user": {"id": self.users[name]}, "view": view})


def pressed(message: dict[str, Any], label: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for block in message["blocks"]:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            if element.get("text", {}).get("text") == label:
                return block, {name: element[name] for name in ("type", "action_id", "value")}
            for option in element.get("options", []):
                if option["text"]["text"] == label:
                    return block, {
                        "type": element["type"],
                        "action_id": element["action_id"],
                        "selected_option": option,
                    }
    raise AssertionError(f"there is no {label!r} in {seen(message)}")


def seen(message: dict[str, Any]) -> str:
    return f"{message['text']}\n{draw(message.get('blocks', []))}"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, language: Language) -> Iterator[Workspace]:
    """The emulator, a local engine, and `sagebuild up`'s Slack part between them."""
    node, folder = installed(), tmp_path_factory.mktemp("slack-engine")
    port, events_port = free_port(), free_port()
    events = f"http://127.0.0.1:{events_port}{PATH}"
    emulator = subprocess.Popen(
        [node, "emulator.mjs", events, SECRET, ",".join(scopes())],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "EMULATOR_PORT": str(port)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert emulator.stdout is not None
        api = f"{json.loads(emulator.stdout.readline())['url']}/api/"
        users = {one["name"]: one["id"] for one in WebClient("xoxp-alice", base_url=api).users_list()["members"]}
        people = [
            {"id": name, "name": name.title(), "role": role, "identities": [f"slack:{TEAM}:{users[name]}"]}
            for name, role in (("alice", "admin"), ("bob", "approver"))
        ]
        (folder / "people.json").write_text(json.dumps(people))
        settings = SlackSettings(TEAM, BOT_TOKEN, SECRET, api_url=api)
        with open_local(folder, "alice") as session:
            session.ports.settings.save(LENIENT)
            bot = Bot(session.ports, language)
            with serving(settings, bot, session.ports, folder) as served, on_http(served.gateway, events_port):
                here = Workspace(api, events, served, session, users)
                channels = here.client("alice").conversations_list()["channels"]
                here.channel = next(one["id"] for one in channels if one["name"] == "builds")
                yield here
        close_local(folder)
    finally:
        emulator.kill()
        emulator.communicate()


def test_a_mention_becomes_a_live_message_that_ends_ready(workspace: Workspace) -> None:
    thread = workspace.say("alice", "train the gp with q 2")
    live = workspace.until(thread, lambda message: "`READY`" in seen(message))
    assert len(workspace.answers(thread)) == 1
    assert live["edited"]
    assert "q 2" in seen(live)
    workspace.say("alice", "predict 0.5 1.0", thread)
    workspace.until(thread, lambda message: "y =" in message["text"])


def test_a_sweep_is_answered_with_a_picture(workspace: Workspace) -> None:
    thread = workspace.say("alice", "train the gp")
    workspace.until(thread, lambda message: "`READY`" in seen(message))
    workspace.say("alice", "vary x1 from 0 to 1 in steps of 0.25", thread)
    workspace.until(thread, lambda message: "picture.png" in json.dumps(message.get("files", [])))


def test_an_approval_by_button(workspace: Workspace) -> None:
    ports = workspace.session.ports
    ports.settings.save({**LENIENT, "approval_required": True})
    time.sleep(KEPT_S + 0.5)  # the engine's functions may still have the settings of before
    try:
        thread = workspace.say("alice", "train the gp with q 3")
        live = workspace.until(thread, lambda message: "WAITING_FOR_APPROVAL" in seen(message))
        workspace.press(live, "Approve", "alice")  # who asked for it may not
        workspace.until(thread, lambda message: f"<@{workspace.users['bob']}>" in message["text"])
        assert "[ Approve ]" in seen(workspace.until(thread, lambda message: "WAITING_FOR" in seen(message)))
        workspace.press(live, "Approve", "bob")
        live = workspace.until(thread, lambda message: "`READY`" in seen(message))
        assert "*Approved* by Bob" in seen(live)
        assert "[ Approve ]" not in seen(live)
    finally:
        ports.settings.save(LENIENT)


def test_a_file_becomes_a_dataset_and_is_trained_on(workspace: Workspace) -> None:
    sample = SAMPLES["toy"]()
    workspace.client("alice").files_upload_v2(
        channel=workspace.channel,
        filename="My measurements.csv",
        content=sample.to_csv("train"),
        initial_comment=f"<@{BOT_USER}>",
    )
    history = workspace.client("alice").conversations_history(channel=workspace.channel, limit=20)["messages"]
    thread = next(one["ts"] for one in history if one.get("files"))
    asked = workspace.until(thread, lambda message: "Which column" in message["text"])
    workspace.press(asked, "y", "alice")
    registered = workspace.until(thread, lambda message: "is registered" in message["text"])
    workspace.press(registered, "Train on it", "alice")
    live = workspace.until(thread, lambda message: "Build" in seen(message) and "`READY`" in seen(message))
    assert "my-measurements" in seen(live)


def test_a_direct_message(workspace: Workspace) -> None:
    alice = workspace.client("alice")
    direct = alice.conversations_open(users=BOT_USER)["channel"]["id"]
    alice.chat_postMessage(channel=direct, text="list models")
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = [one for one in alice.conversations_history(channel=direct)["messages"] if one["user"] == BOT_USER]
        if found:
            break
        time.sleep(0.1)
    assert "gp" in seen(found[0])


def test_a_form_is_opened_and_filled(workspace: Workspace) -> None:
    bot = WebClient(BOT_TOKEN, base_url=workspace.api)
    trigger = bot.api_call("views.generateTriggerId", json={"user_id": workspace.users["alice"]})["trigger_id"]
    workspace.send({
        "type": "shortcut", "callback_id": "train", "trigger_id": trigger, "team": {"id": TEAM},
        "user": {"id": workspace.users["alice"]},
    })  # fmt: skip
    inspector = f"{workspace.api.removesuffix('/api/')}/?tab=views"  # no method reads a view; its title alone is there
    end, page = time.monotonic() + LIMIT_S, "One moment"
    while "One moment" in page or "Train a model" not in page:
        assert time.monotonic() < end, page
        time.sleep(0.1)
        with urlopen(inspector, timeout=10) as answer:
            page = answer.read().decode()
    workspace.submit("train", json.dumps({"c": workspace.channel, "t": ""}), {"hp:q": "4"}, "alice")
    builds = workspace.session.ports.builds
    while not [build for build in builds.latest() if build.hyperparameters.get("q") == 4]:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_commands_and_bad_signatures_over_http(workspace: Workspace) -> None:
    fields = {"command": "/sagebuild", "text": "help", "team_id": TEAM, "user_id": workspace.users["alice"],
              "channel_id": workspace.channel, "trigger_id": fresh("trigger"), "response_url": ""}  # fmt: skip
    body = urlencode(fields).encode()
    request = Request(workspace.events, body, {"content-type": "application/x-www-form-urlencoded"}, method="POST")
    with pytest.raises(OSError, match="401"):
        urlopen(request, timeout=10)
