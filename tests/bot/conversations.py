"""Conversations as data: what a file of tests/conversations says, and what must have come of each of its turns.

A channel is whatever can say something and give back what was heard and answered (`Channel`): the bot itself and the
terminal here, other channels with the same files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.intents.request import Utterance
from bot.language.parse import Language
from bot.wiring import Bot
from orchestration.builds import Json
from orchestration.ports import Person
from tests.bot.world import FOREST, World
from tests.fakes import ADA

__all__ = ["FILES", "FOREST", "Answered", "Script", "World", "play", "read", "say_to"]

FOLDER = Path(__file__).parents[1] / "conversations"
FILES = sorted(FOLDER.glob("*.yaml"))
TURN_KEYS = frozenset(
    "say who channel at intent slots reply not error facts picture choices build aloud remember happens".split()
)
CODE = re.compile(r"\b\d{6}\b")


@dataclass(frozen=True)
class Script:
    """One file. settings: what the environment's document holds before the first turn."""

    people: tuple[Person, ...]
    turns: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Json]


@dataclass(frozen=True)
class Said:
    """One turn as a channel takes it."""

    text: str
    who: str
    channel: str
    conversation: str
    delivery_id: str

    @property
    def identity(self) -> str:
        return f"{self.channel}:{self.who}"


@dataclass(frozen=True)
class Answered:
    """What came of it, as far as the channel tells: text in words, everything else None where it does not."""

    text: str
    error: str
    build: int | None = None
    intent: str | None = None
    slots: Mapping[str, Json] | None = None
    facts: tuple[str, ...] | None = None
    choices: tuple[str, ...] | None = None
    aloud: str | None = None
    picture: Any = None
    tells: frozenset[str] = field(default_factory=frozenset)


Channel = Callable[[Said], Answered]


def read(path: Path) -> Script:
    """The script in a file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    people = [_person(id_, entry) for id_, entry in document.get("people", {}).items()]
    turns = tuple(document["turns"])
    for turn in turns:
        assert not turn.keys() - TURN_KEYS, (path.name, turn)
    return Script((ADA, *people), turns, document.get("settings", {}))


def _person(id_: str, entry: str | Mapping[str, Any]) -> Person:
    """ "bob: builder", or an object with role and whatever else a Person has."""
    more = {"role": entry} if isinstance(entry, str) else dict(entry)
    for name in ("identities", "environments", "models"):
        if name in more:
            more[name] = tuple(more[name])
    defaults = {"name": id_.title(), "identities": (f"console:{id_}",), "commands_per_minute": None}
    return Person(id=id_, **{**defaults, **more})


def play(script: Script, channel: Callable[[World], Channel]) -> World:
    """Say every turn to the channel, and hold what must have come of it; the world as it is then."""
    world = World(script.people)
    if script.settings:
        world.ports.settings.save({"schema_version": 1, **script.settings})
    say, kept = channel(world), dict[str, str]()
    for index, turn in enumerate(script.turns):
        if "happens" in turn:
            world.happens(turn["happens"])
            continue
        text = turn["say"].format(**kept) if kept else turn["say"]
        place = turn.get("channel", "console")
        said = Said(text, turn.get("who", "ada"), place, turn.get("at", f"{place}-here"), f"delivery-{index}")
        answered = say(said)
        check(turn, answered)
        if "remember" in turn and (found := CODE.search(answered.text)):
            kept[turn["remember"]] = found[0]
    return world


def check(turn: Mapping[str, Any], answered: Answered) -> None:
    """Hold what the turn says of its answer; what the channel does not tell is not held."""
    where = f"{turn['say']!r} was answered {answered.text!r}"
    assert answered.error == turn.get("error", ""), where
    for words in turn.get("reply", []):
        assert words in answered.text, f"{where}, without {words!r}"
    for words in turn.get("not", []):
        assert words not in answered.text, f"{where}, with {words!r}"
    for words in turn.get("aloud", []):
        assert answered.aloud is None or words in answered.aloud, f"{where}, aloud {answered.aloud!r}"
    for words in turn.get("facts", []):
        assert answered.facts is None or words in answered.facts, f"{where}, with the facts {answered.facts}"
    for words in turn.get("choices", []):
        assert answered.choices is None or words in answered.choices, f"{where}, with the choices {answered.choices}"
    for name in ("intent", "slots", "build"):
        if name in turn and name in answered.tells:
            assert getattr(answered, name) == turn[name], f"{where}, {name} {getattr(answered, name)!r}"
    if "picture" in turn and "picture" in answered.tells:
        series = answered.picture.series if answered.picture else ()
        points = [len(series[0].points), len(series)] if series else None
        assert points == turn["picture"], where


def say_to(language: Language) -> Callable[[World], Channel]:
    """The bot itself, whatever the channel."""

    def channel(world: World) -> Channel:
        bot = Bot(world.ports, language)

        def say(said: Said) -> Answered:
            turn = bot.say(Utterance(said.text, said.identity, said.channel, said.conversation, said.delivery_id))
            rows = [" | ".join(row) for row in (turn.reply.table.rows if turn.reply.table else ())]
            return Answered(
                text="\n".join([turn.reply.text, *rows]),
                error=turn.reply.error,
                build=turn.reply.build,
                intent=turn.parse.intent,
                slots=turn.parse.slots,
                facts=tuple(str(fact) for fact in turn.reply.facts),
                choices=tuple(choice.say for choice in turn.reply.choices),
                aloud=turn.reply.aloud,
                picture=turn.reply.picture,
                tells=frozenset({"intent", "slots", "build", "picture"}),
            )

        return say

    return channel
