"""The conversations of tests/conversations, on the bot itself and on the terminal channel."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bot.console import piped, render
from bot.console.speaker import CHANNEL, Speaker
from bot.language.parse import Language
from bot.wiring import Bot
from tests.bot.conversations import FILES, Answered, Channel, Said, World, play, read, say_to


def test_there_are_conversations() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation(path: Path, language: Language) -> None:
    play(read(path), say_to(language))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_conversation_on_the_terminal_channel(path: Path, language: Language) -> None:
    """As JSON, one utterance after the other, as a script would; what is said elsewhere goes to the bot itself."""

    def channel(world: World) -> Channel:
        bot, elsewhere = Bot(world.ports, language), say_to(language)(world)

        def say(said: Said) -> Answered:
            if said.channel != CHANNEL:
                return elsewhere(said)
            out = io.StringIO()
            speaker = Speaker(said.who, said.conversation)
            code = piped.converse(bot, [said.text], speaker, render.make_console(out), as_json=True)
            document = json.loads(out.getvalue())
            assert code == 0
            assert list(document) == ["utterance", "intent", "slots", "reply", "build", "error"]
            return Answered(
                text=document["reply"],
                error=document["error"],
                build=document["build"],
                intent=document["intent"],
                slots=document["slots"],
                tells=frozenset({"intent", "slots", "build"}),
            )

        return say

    play(read(path), channel)
