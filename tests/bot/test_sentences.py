"""The sentences of sentences.yaml: ours mean what they say; what is not ours, or is negated, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.intents.catalog import BY_NAME, INTENTS
from bot.language.parse import Language

DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "sentences.yaml").read_text(encoding="utf-8"))
OURS = [(text, intent, slots) for rows in DATA["ours"].values() for text, intent, slots in rows]
NOT_OURS = [text for rows in DATA["not_ours"].values() for text in rows]


def ids(rows: list[Any]) -> Iterator[str]:
    return (f"{index}-{row if isinstance(row, str) else row[0]}"[:60] for index, row in enumerate(rows))


def test_there_are_enough() -> None:
    assert len(OURS) >= 200
    assert len(NOT_OURS) >= 60
    assert {intent for _, intent, _ in OURS} == {intent.name for intent in INTENTS}


@pytest.mark.parametrize(("text", "intent", "slots"), OURS, ids=ids(OURS))
def test_ours(language: Language, text: str, intent: str, slots: dict[str, object]) -> None:
    parse = language.parse(text)
    assert (parse.intent, dict(parse.slots), parse.repaired) == (intent, slots, False)


@pytest.mark.parametrize(("text", "intent", "slots"), DATA["repaired"], ids=ids(DATA["repaired"]))
def test_misspelt_ones_are_repaired_and_say_so(
    language: Language, text: str, intent: str, slots: dict[str, object]
) -> None:
    parse = language.parse(text)
    assert (parse.intent, dict(parse.slots), parse.repaired) == (intent, slots, True)


@pytest.mark.parametrize("text", NOT_OURS, ids=ids(NOT_OURS))
def test_not_ours_changes_nothing(language: Language, text: str) -> None:
    """Not even after spelling repair, and not by a "yes" that was none."""
    parse = language.parse(text)
    assert parse.intent is None or not (BY_NAME[parse.intent].changes or parse.repaired or parse.intent == "Yes")


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.name)
def test_every_example_means_its_intent(language: Language, intent: Any) -> None:
    for example in intent.examples:
        parse = language.parse(example)
        assert (parse.intent, parse.repaired) == (intent.name, False), example
        assert set(parse.slots) <= {slot.name for slot in intent.slots}, example


@pytest.mark.parametrize(
    "sentence",
    ["do not {}", "don't {}", "never {}", "please do not {}", "you should not {}", "i did not say {}", "not {}"],
)
def test_a_negated_command_is_no_command(language: Language, sentence: str) -> None:
    for text in (text for text, intent, _ in OURS if BY_NAME[intent].changes):
        parse = language.parse(sentence.format(text))
        assert parse.intent is None or not BY_NAME[parse.intent].changes, parse
