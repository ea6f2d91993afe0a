"""The sentences of sentences.yaml and of sentences/: ours mean what they say; what is not ours, or is negated, changes
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.intents.catalog import BY_NAME, INTENTS
from bot.language.parse import Language
from tests.bot import scoring

DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "sentences.yaml").read_text(encoding="utf-8"))
OURS = [(text, intent, slots) for rows in DATA["ours"].values() for text, intent, slots in rows]
NOT_OURS = [text for rows in DATA["not_ours"].values() for text in rows]


def ids(rows: list[Any]) -> Iterator[str]:
    return (f"{index}-{row if isinstance(row, str) else row[0]}"[:60] for index, row in enumerate(rows))


def test_there_are_enough() -> None:
    assert len(OURS) >= 200
    assert len(NOT_OURS) >= 60


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


MADE = scoring.read("ours.jsonl")
OTHERS = scoring.read("others.jsonl")
MIN_ACCURACY = 0.97


def test_the_sets_are_large_and_name_their_kinds() -> None:
    assert sum(case.is_ours for case in OTHERS) >= 150
    assert sum(not case.is_ours for case in OTHERS) >= 60
    assert sum(case.is_ours for case in MADE) >= 150
    assert all(case.kind for case in (*MADE, *OTHERS))
    assert {case.intent for case in MADE if case.is_ours} == {intent.name for intent in INTENTS}


@pytest.mark.parametrize("cases", [OTHERS, MADE], ids=["others", "ours"])
def test_a_set_is_understood(language: Language, cases: list[scoring.Case]) -> None:
    score = scoring.score(cases, language)
    assert score.accuracy >= MIN_ACCURACY, [case.text for case in (*score.wrong, *score.slots, *score.missed)]
    assert score.accepted == ()


def test_labels_and_results_are_compared_in_one_form() -> None:
    label = {"hyperparameters": {"layers": 2, "nodes": [64, 32], "noise": 0.1}, "dataset": "breast cancer"}
    result = {"hyperparameters": {"num_layers": 2, "nodes": "64,32", "sigma2": 0.1}, "dataset": "breast-cancer"}
    assert scoring.canonical(label) == scoring.canonical(result)
    assert scoring.canonical(label) != scoring.canonical({**result, "deploy": True})


CHANGING = sorted(
    {text for text, intent, slots in OURS if BY_NAME[intent].changes}
    # A reason goes on to the end of the sentence, whatever it says.
    | {
        case.text
        for case in (*MADE, *OTHERS)
        if case.intent and BY_NAME[case.intent].changes and case.intent not in ("Reject", "FreezeDeploys")
    }
)
NEVER = (
    "do not {}",
    "don't {}",
    "never {}",
    "please do not {}",
    "you should not {}",
    "i did not say {}",
    "not {}",
    "nobody should {}",
    "let's not {}",
    "if it fails {}",
    "she said {}",
    "he told me to {}",
    "should i {}",
    "did you {}",
    "did anyone {}",
    "why would i {}",
    "what happens if i {}",
    "is it ok to {}",
    "{} tomorrow",
    "{} unless it fails",
    "{} if it fails",
    "{} when the demo is over",
    "{} on friday",
    "{} in an hour",
    "{} or not",
    "i was about to {}",
    "someone has to {}",
    "he will {}",
    '"{}" is what she wrote',
    "{} after lunch",
)


@pytest.mark.parametrize("sentence", NEVER)
def test_a_command_that_is_negated_reported_or_put_off_is_no_command(language: Language, sentence: str) -> None:
    """An earlier clause of its own may still say "nobody should deploy"; that freezes, and is asked about."""
    for text in CHANGING:
        parse = language.parse(sentence.format(text))
        assert parse.intent in (None, "FreezeDeploys") or not BY_NAME[parse.intent].changes, parse
