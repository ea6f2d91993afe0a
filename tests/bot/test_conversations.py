"""The conversations of tests/conversations, on the bot itself and on the terminal channel."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bot.console import piped, render
from bot.console.speaker import Speaker
from bot.intents.request import Utterance
from bot.wiring import Bot
from tests.bot.conversations import FILES, World, check_reply, read


def test_there_are_conversations() -> None:
    assert len(FILES) >= 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation(path: Path) -> None:
    script = read(path)
    world = World(script.people)
    bot = Bot(world.ports)
    for index, turn in enumerate(script.turns):
        if "happens" in turn:
            world.happens(turn["happens"])
            continue
        conversation = turn.get("at", "here")
        said = bot.say(
            Utterance(turn["say"], f"console:{turn.get('by', 'ada')}", "console", conversation, f"id-{index}")
        )
        assert said.reply.error == turn.get("error", ""), (turn["say"], said.reply)
        check_reply(turn, said.reply.text)
        if "intent" in turn:
            assert said.parse.intent == turn["intent"], turn["say"]
        if "slots" in turn:
            assert said.parse.slots == turn["slots"], turn["say"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation_on_the_terminal_channel(path: Path) -> None:
    """As JSON, one utterance after the other, as a script would."""
    script = read(path)
    world = World(script.people)
    bot = Bot(world.ports)
    for turn in script.turns:
        if "happens" in turn:
            world.happens(turn["happens"])
            continue
        out = io.StringIO()
        speaker = Speaker(turn.get("by", "ada"), turn.get("at", "here"))
        code = piped.converse(bot, [turn["say"]], speaker, render.make_console(out), as_json=True)
        document = json.loads(out.getvalue())
        assert code == 0
        assert list(document) == ["utterance", "intent", "slots", "reply", "build", "error"]
        assert document["error"] == turn.get("error", "")
        check_reply(turn, document["reply"])
