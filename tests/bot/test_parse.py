"""The pipeline: what it says of a text, contradictions, names, repair, suggestions, and any text at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intents.catalog import BY_NAME
from bot.language.normalise import MAX_TEXT_CHARS, cut, normalise, without_politeness
from bot.language.parse import Language
from bot.language.repair import Speller
from bot.language.suggest import nearest
from models.catalog import BUILT_IN


def test_what_parse_prints(language: Language) -> None:
    assert language.parse("train the gp with q 2").to_json() == {
        "utterance": "train the gp with q 2",
        "intent": "StartTraining",
        "slots": {"model": "gp", "hyperparameters": {"q": 2}},
        "repaired": False,
        "suggestions": [],
    }


@pytest.mark.parametrize(
    "text",
    [
        "train the gp with q 2 and q 3",
        "stop build 1.5",
        "show the last 2.5 builds",
        "train the gp with q 2 and the gp with q 3 3",
        "predict x1 1 2 3",
        "predict x1 1 and x1 2",
    ],
)
def test_a_contradiction_is_not_understood(language: Language, text: str) -> None:
    assert language.parse(text).intent is None


def test_saying_the_same_twice_is_no_contradiction_for_a_model(language: Language) -> None:
    assert language.parse("train a gp with the gp on toy").slots == {"model": "gp", "dataset": "toy"}


def test_numbers_one_by_one_when_together_means_nothing(language: Language) -> None:
    assert language.parse("train the gp with q 2, 1 l").slots["hyperparameters"] == {"q": 2, "l": 1}


def test_exact_floats(language: Language) -> None:
    assert language.parse("predict 0.1 1e-300 -123456789.123456789").slots["numbers"] == [
        0.1,
        1e-300,
        -123456789.123456789,
    ]


def test_any_count_of_numbers(language: Language) -> None:
    numbers = [index / 8 for index in range(500)]
    text = "predict " + ", ".join(map(repr, numbers))
    assert len(text) < MAX_TEXT_CHARS
    assert language.parse(text).slots["numbers"] == numbers


def test_a_name_has_a_length(language: Language) -> None:
    assert language.parse(f"train on {'x' * 64}").slots == {"dataset": "x" * 64}
    assert language.parse(f"train on {'x' * 65}").intent is None


def test_a_typed_placeholder_is_a_word_like_any_other(language: Language) -> None:
    assert language.parse("train on nza").slots == {"dataset": "nza"}
    assert language.parse("stop build nza").intent is None


def test_what_was_heard_is_the_repaired_sentence(language: Language) -> None:
    assert language.parse("Trian the gp with q two, please").heard == "train the gp with q 2"


def test_a_name_is_not_repaired_when_the_sentence_is_understood(language: Language) -> None:
    parse = language.parse("train the gp on diabtes")
    assert (parse.slots["dataset"], parse.repaired) == ("diabtes", False)


@pytest.mark.parametrize(
    "text", ["untrain the gp", "strain the gp", "brain the gp", "cancel the bill", "stop the guild"]
)
def test_what_is_no_slip_is_not_repaired(language: Language, text: str) -> None:
    assert language.parse(text).intent is None


def test_candidates_are_near_and_begin_alike() -> None:
    speller = Speller(frozenset({"train", "training", "the", "build", "status"}))
    assert speller.candidates("trian") == ["train"]
    assert speller.candidates("rtain") == ["train"]
    assert speller.candidates("teh") == ["the"]
    assert speller.candidates("brain") == []
    assert speller.candidates("x9z1") == []


def test_suggestions_are_the_nearest_and_only_offered(language: Language) -> None:
    parse = language.parse("training start now thing")
    assert parse.intent is None
    assert parse.suggestions[0] == "start training"
    assert len(parse.suggestions) <= 3
    assert nearest("") == ()


def test_long_text_is_cut(language: Language) -> None:
    assert cut("x" * 4001) == ("x" * 4000, True)
    assert language.parse("start training " + "please " * 1000).was_cut
    assert not language.parse("start training").was_cut


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What’s my build’s status?", "what is my build status"),
        ("DON'T  stop", "do not stop"),
        ("let's train", "let us train"),
        ("is it done, @SageBuild?", "is it done, sagebuild"),
        ("its done", "it is done"),
        ("its status", "its status"),
        ("the data-set", "the dataset"),
        ("build #4", "build number 4"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert " ".join(normalise(text).strip(" ?").split()) == expected


def test_politeness_is_dropped_at_the_ends_and_not_when_it_is_all() -> None:
    assert without_politeness("hey sagebuild could you please train the gp for me thanks".split()) == [
        "train",
        "the",
        "gp",
    ]
    assert without_politeness(["ok", "please"]) == ["ok", "please"]
    assert without_politeness(["do", "not", "please", "train"]) == ["do", "not", "please", "train"]


def test_spoken_names_of_hyperparameters_are_understood(language: Language) -> None:
    for model in BUILT_IN:
        for parameter in model.hyperparameters:
            for name in (parameter.name, *parameter.spoken):
                parse = language.parse(f"train the {model.name} with {name} 1")
                assert parse.slots["hyperparameters"] == {parameter.name: 1}, name


WORDS = st.sampled_from(
    "train start stop cancel the gp build on with q 2 deploy it and do not predict 1 "
    "status my yes no please when done foo ?".split()
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=30).map(" ".join)))
def test_any_text_is_read(language: Language, text: str) -> None:
    parse = language.parse(text)
    assert parse.intent is None or parse.intent in BY_NAME
    if parse.intent is not None:
        assert set(parse.slots) <= {slot.name for slot in BY_NAME[parse.intent].slots}
        assert parse.suggestions == ()
    if parse.intent is not None and BY_NAME[parse.intent].changes and " not " in f" {normalise(text)} ":
        assert parse.slots.get("deploy") is False, text
