"""Bot: whatever is said, by whomever, there is a reply; and nothing is started that was not asked for."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intents.catalog import BY_NAME
from bot.intents.request import Utterance
from bot.language.parse import Language
from bot.wiring import Bot
from tests.bot.conversations import FOREST, World
from tests.bot.test_dispatch import Broken, crash, refuse, request


def utterance(text: str, identity: str = "console:ada", delivery_id: str = "d") -> Utterance:
    return Utterance(text, identity, "console", "here", delivery_id)


WORDS = st.sampled_from(
    "train trian start stop cancel the gp build on with q 2 99 deploy it and do not "
    "predict 1 status my yes no please wug".split()
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=200), st.lists(WORDS, min_size=1, max_size=12).map(" ".join)))
def test_any_text_gets_a_reply_and_starts_nothing_unless_it_was_understood(language: Language, text: str) -> None:
    world = World()
    turn = Bot(world.ports, language).say(utterance(text))
    assert turn.reply.text
    assert turn.reply.error != "InternalError"
    if turn.parse.intent is None or turn.parse.repaired or not BY_NAME[turn.parse.intent].changes:
        assert world.ports.builds.latest() == []


def test_a_redelivered_utterance_is_one_build(world: World, bot: Bot) -> None:
    turns = [bot.say(utterance("start training", delivery_id="same")) for _ in range(2)]
    assert [turn.reply.build for turn in turns] == [1, 1]


def test_who_is_not_known_gets_no_answer(world: World, bot: Bot) -> None:
    for text in ("status", "start training", "flurb", "yes"):
        assert bot.say(utterance(text, "console:mallory")).reply.error == "NotAllowed"
    assert world.ports.builds.latest() == []
    assert bot.outcome(1, utterance("", "console:mallory")).error == "NotAllowed"
    assert list(bot.since_last_time("console:mallory", "console")) == []


def test_long_text_is_cut_with_a_word_about_it(bot: Bot) -> None:
    reply = bot.say(utterance("status " + "x" * 5000)).reply
    assert reply.text.endswith("(I read only the first 4,000 characters.)")
    assert len(reply.text) < 500


def test_what_was_not_understood_is_logged(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sagebuild.not_understood"):
        bot.say(utterance("flurb the wug"))
    assert "'flurb the wug'" in caplog.text


def test_a_channel_with_its_own_recogniser_makes_requests(bot: Bot) -> None:
    assert bot.answer(request("StartTraining")).build == 1


def test_models_of_the_settings_are_understood(world: World) -> None:
    world.ports.settings.save({"models": [FOREST]})
    bot = Bot(world.ports)
    bot.prepare()
    assert bot.say(utterance("train the trees")).reply.text == "Build 1 started: forest on toy."


def test_bad_settings_are_a_reply_and_what_needs_none_still_works(world: World) -> None:
    Bot(world.ports).say(utterance("start training", delivery_id="before"))
    world.ports.settings.text = "not JSON"  # type: ignore[attr-defined]
    bot = Bot(world.ports)
    assert bot.say(utterance("start training")).reply.error == "BadSettings"
    assert bot.say(utterance("status")).reply.error == ""
    assert bot.say(utterance("status of build 1")).reply.text.startswith("Build 1 is QUEUED")


@pytest.mark.parametrize("failure", [refuse, crash])
def test_nothing_that_breaks_is_raised(world: World, language: Language, failure: object) -> None:
    broken = Broken(failure)
    bot = Bot(replace(world.ports, people=broken, builds=broken, watches=broken), language)
    assert bot.say(utterance("status")).reply.error
    assert bot.outcome(1, utterance("")).error
    assert list(bot.since_last_time("console:ada", "console")) == []


def test_waiting_goes_by_the_clock_of_the_ports(world: World, bot: Bot) -> None:
    bot.wait(0.4)
    assert world.clock.slept == [0.4]
