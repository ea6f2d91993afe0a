"""The conversations of tests/conversations, said in a Slack channel, with the answers read off the messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.intents.request import Utterance
from bot.language.parse import Language
from bot.slack.ack import Acknowledger
from bot.slack.client import Slack
from bot.slack.desk import Desk
from bot.slack.gateway import Gateway
from bot.slack.incoming import Kind
from bot.slack.worker import work
from bot.wiring import Bot, Turn
from tests.bot.conversations import FILES, Answered, Channel, Said, Script, World, play, read, say_to
from tests.bot.slack.office import SECRET, TEAM, as_json, mention, sender, settings
from tests.fakes import FakeWorkQueue
from tests.fakes.slack import FakeSlack, Shown, drawn, fake_slack


@pytest.fixture(scope="module")
def workspace() -> Iterator[FakeSlack]:
    with fake_slack() as slack:
        yield slack


class Remembering(Bot):
    """The bot, and its last turn: no message shows an error's name."""

    turn: Turn | None = None

    def say(self, utterance: Utterance) -> Turn:
        self.turn = super().say(utterance)
        return self.turn


def user(who: str) -> str:
    return f"U{re.sub('[^A-Z0-9]', '', who.upper())}"


def in_slack(script: Script) -> Script:
    """With everybody's Slack user beside what they are on the terminal."""
    people = []
    for person in script.people:
        own = [one.removeprefix("console:") for one in person.identities if one.startswith("console:")]
        identities = (*person.identities, *(f"slack:{TEAM}:{user(one)}" for one in own))
        people.append(replace(person, identities=identities))
    return replace(script, people=tuple(people))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation(path: Path, language: Language, workspace: FakeSlack) -> None:
    def channel(world: World) -> Channel:
        bot, queue, given = Remembering(world.ports, language), FakeWorkQueue(), settings(workspace)
        desk = Desk(given, bot, world.ports, Slack(given), queue)
        gateway = Gateway(Acknowledger(given, sender(queue)).app, SECRET)
        elsewhere = say_to(language)(world)

        def say(said: Said) -> Answered:
            if said.channel != "console":
                return elsewhere(said)
            # A conversation of its own is a channel of its own: in one channel, "the last build" may be anybody's.
            where = f"C{user(said.conversation)}"
            payload = mention(escaped(said.text), user(said.who), where, "17.5")
            assert gateway.answer(as_json({**payload, "event_id": f"{path.stem}-{said.delivery_id}"})).status == 200
            before = len(workspace.messages), len(workspace.whispers)
            for one in queue.take_all():
                if one.body["kind"] != Kind.BUILD:  # a live message's edits let time pass
                    work(one, desk)
            [shown] = [*workspace.messages[before[0] :], *workspace.whispers[before[1] :]]
            return answered(shown, bot.turn, said)

        return say

    play(in_slack(read(path)), channel)


def escaped(text: str) -> str:
    """As Slack sends what somebody typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def answered(shown: Shown, turn: Turn | None, said: Said) -> Answered:
    assert turn is not None
    table: list[dict[str, Any]] = [block for block in shown.blocks if "rich_text_preformatted" in str(block)]
    rows = "\n".join(cells(drawn(table)))
    text = shown.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    # The files speak of the terminal.
    here = f"{text}\n{rows}".replace(f"slack:{TEAM}:{user(said.who)}", said.identity).replace("on slack", "on console")
    return Answered(
        text=here,
        error=turn.reply.error,
        build=turn.reply.build,
        intent=turn.parse.intent,
        slots=turn.parse.slots,
        tells=frozenset({"intent", "slots", "build"}),
    )


def cells(table: str) -> Iterator[str]:
    """Each row's cells, where the line of dashes says that the columns are."""
    lines = [line for line in table.splitlines() if line.strip()]
    spans = [match.span() for match in re.finditer("-+", lines[1])] if len(lines) > 1 else []
    for line in lines:
        yield " | ".join(line[start : end if end < len(lines[1]) else None].strip() for start, end in spans)
