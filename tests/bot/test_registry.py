"""The catalogue, the registry and the sentences agree; each intent says all that others rely on."""

from __future__ import annotations

from bot.handlers.registry import HANDLERS
from bot.intents.catalog import BY_NAME, INTENTS, Role, Tier
from bot.language.grammar import FOLDER


def test_every_intent_has_a_handler_and_sentences() -> None:
    sentences = {path.stem for path in FOLDER.glob("[A-Z]*.yaml")}
    assert set(HANDLERS) == set(BY_NAME) == sentences
    assert len(BY_NAME) == len(INTENTS)


def test_every_intent_is_complete() -> None:
    for intent in INTENTS:
        assert intent.purpose
        assert intent.help
        assert intent.examples
        if intent.changes:
            assert intent.confirmation, intent.name
            assert intent.role is not Role.VIEWER, intent.name
        for slot in intent.slots:
            assert slot.meaning
            assert bool(slot.question) == slot.required


def test_no_two_intents_share_a_topic_or_an_example() -> None:
    topics = [topic for intent in INTENTS for topic in intent.topics]
    examples = [example for intent in INTENTS for example in intent.examples]
    assert len(topics) == len(set(topics))
    assert len(examples) == len(set(examples))


def test_reading_is_for_everybody() -> None:
    assert {intent.role for intent in INTENTS if intent.tier is Tier.READ} == {Role.VIEWER}
