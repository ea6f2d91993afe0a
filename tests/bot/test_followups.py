"""Answers to a question and corrections: what they mean, and that nothing else becomes a command by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.access import confirmations
from bot.access.memory import Memory
from bot.handlers import followups
from bot.intents.catalog import BY_NAME, INTENTS
from bot.intents.request import Utterance
from bot.language.parse import Language
from bot.replies import Command, Question
from bot.wiring import Bot
from orchestration.ports import Conversation
from tests.bot.world import World

OTHERS = Path(__file__).parent / "sentences" / "others.jsonl"
RECORD = Conversation("here#ada", {})


def followed(language: Language, text: str, memory: Memory) -> followups.Followed:
    return followups.meant(language.parse(text), memory, language, World().ports)


def asked(intent: str, slot: str, **slots: Any) -> Memory:
    question = Question(Command(intent, slots, "words"), slot)
    return Memory(RECORD, asked=confirmations.asked(question, World().ports))


def after(intent: str, **slots: Any) -> Memory:
    return Memory(RECORD, last=confirmations.recent(Command(intent, slots, "words"), World().ports))


@pytest.mark.parametrize(
    ("intent", "slot", "said", "value"),
    [
        ("Predict", "numbers", "0.5 1.0", [0.5, 1.0]),
        ("Predict", "numbers", "zero point five and one", [0.5, 1]),
        ("Predict", "numbers", "x1 0.5 and x2 1", {"x1": 0.5, "x2": 1}),
        ("StopBuild", "build", "2", 2),
        ("StopBuild", "build", "build 2", 2),
        ("StopBuild", "build", "the last one", "last"),
        ("DescribeModel", "model", "the gp", "gp"),
        ("DescribeModel", "model", "keras", "keras"),
        ("DescribeModel", "model", "the gaussian process", "gp"),
        ("CompareBuilds", "builds", "3 and 4", [3, 4]),
        ("UseDataset", "dataset", "diabetes", "diabetes"),
        ("UseDataset", "dataset", "breast cancer", "breast-cancer"),
        ("Sweep", "input", "x1", "x1"),
        ("Sweep", "from", "minus one", -1),
        ("Sweep", "points", "twenty", 20),
        ("ChangeSetting", "setting", "training timeout", "training timeout"),
        ("ChangeSetting", "value", "2 hours", 7200),
        ("ChangeSetting", "value", "ml.m5.xlarge", "ml.m5.xlarge"),
        ("DeleteEndpoint", "endpoint", "test-gp-toy", "test-gp-toy"),
    ],
)
def test_a_bare_answer_fills_the_slot(language: Language, intent: str, slot: str, said: str, value: Any) -> None:
    found = followed(language, said, asked(intent, slot, other="kept")).parse
    assert (found.intent, found.slots[slot], found.slots["other"]) == (intent, value, "kept")
    assert not found.repaired


@pytest.mark.parametrize(
    ("intent", "slot", "said"),
    [
        ("Predict", "numbers", "list models"),
        ("DescribeModel", "model", "xyzzy plugh"),
        ("UseDataset", "dataset", "list datasets"),
        ("StopBuild", "build", "yes"),
        ("StopBuild", "build", "no"),
        ("StopBuild", "build", "start training"),
        ("Sweep", "points", "2.5"),
        ("Sweep", "from", "1 2 3"),
        ("Predict", "numbers", "x" * 300),
        ("Predict", "numbers", "   "),
        ("Predict", "nonsense", "1 2"),
    ],
)
def test_what_is_no_answer_is_what_it_says(language: Language, intent: str, slot: str, said: str) -> None:
    found = followed(language, said, asked(intent, slot)).parse
    assert found == language.parse(said)


def test_an_answer_that_comes_late_is_none(language: Language) -> None:
    memory, world = asked("Predict", "numbers"), World()
    world.clock.forward(confirmations.LIFETIME.total_seconds())
    assert followups.meant(language.parse("0.5 1"), memory, language, world.ports).parse.intent is None


@pytest.mark.parametrize(
    ("before", "said", "slots"),
    [
        (("Tune", {"ranges": {"q": {}}}), "no, l", {"ranges": {"l": {}}}),
        (("Tune", {"ranges": {"q": {}}}), "i meant l", {"ranges": {"l": {}}}),
        (("Tune", {"ranges": {"q": {}}}), "no, l from 0 to 2", {"ranges": {"l": {"low": 0, "high": 2}}}),
        (("StartTraining", {"model": "gp"}), "no, keras", {"model": "keras"}),
        (("StartTraining", {"model": "gp"}), "sorry, I meant on diabetes", {"model": "gp", "dataset": "diabetes"}),
        (
            ("StartTraining", {"hyperparameters": {"q": 2, "l": 1}}),
            "no, q 3 instead",
            {"hyperparameters": {"q": 3, "l": 1}},
        ),
        (("BuildStatus", {"build": 3}), "no, build 2", {"build": 2}),
        (("StopBuild", {"build": 3}), "make it build 2", {"build": 2}),
        (("DescribeModel", {"model": "gp"}), "no, keras", {"model": "keras"}),
        (("Predict", {"numbers": [1, 2]}), "no, 0.5 and 1", {"numbers": [0.5, 1]}),
        (("UseDataset", {"dataset": "toy"}), "no, diabetes", {"dataset": "diabetes"}),
    ],
)
def test_a_correction_is_the_last_command_with_something_else(
    language: Language, before: tuple[str, dict[str, Any]], said: str, slots: dict[str, Any]
) -> None:
    found = followed(language, said, after(before[0], **before[1]))
    assert (found.parse.intent, dict(found.parse.slots), found.corrects) == (before[0], slots, True)


def test_a_correction_may_be_another_command(language: Language) -> None:
    found = followed(language, "no, list models", after("StartTraining"))
    assert (found.parse.intent, found.corrects) == ("ListModels", True)


@pytest.mark.parametrize(
    "said",
    [
        "no l",
        "no deployments please",
        "no more training",
        "no, not l",
        "no, don't",
        "no, never mind",
        "no, nothing",
        "no, the weather is nice",
        "actually no",
        "no, yes",
        "wait",
        "sorry",
    ],
)
def test_what_is_no_correction_changes_nothing(language: Language, said: str) -> None:
    found = followed(language, said, after("StartTraining", model="gp"))
    assert found.parse == language.parse(said)
    assert not found.corrects


def test_nothing_of_others_becomes_a_command_by_what_was_said_before(language: Language) -> None:
    """What people say that is not for the bot, after every command and every question there is."""
    texts = [
        entry["text"]
        for entry in map(json.loads, OTHERS.read_text(encoding="utf-8").splitlines())
        if entry["intent"] is None and language.parse(entry["text"]).intent is None
    ]
    memories = [after(intent.name) for intent in INTENTS]
    memories += [asked(intent.name, slot.name) for intent in INTENTS for slot in intent.slots if slot.required]
    assert len(texts) >= 20
    for text in texts:
        for memory in memories:
            found = followed(language, text, memory)
            command = BY_NAME[found.parse.intent] if found.parse.intent else None
            assert command is None or not command.changes or found.corrects, (text, command)


WORDS = st.sampled_from("no , l q 2 yes stop the build deploy it i meant keras on toy not never 0.5".split())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=120), st.lists(WORDS, min_size=1, max_size=6).map(" ".join)))
def test_no_text_after_a_command_starts_anything_unasked(language: Language, text: str) -> None:
    world = World()
    bot = Bot(world.ports, language)
    bot.say(Utterance("train the gp with q 1", "console:ada", "console", "here", "first"))
    turn = bot.say(Utterance(text, "console:ada", "console", "here", "second"))
    assert turn.reply.error != "InternalError"
    if language.parse(text).intent is None:
        assert [build.number for build in world.ports.builds.latest(10)] == [1]
