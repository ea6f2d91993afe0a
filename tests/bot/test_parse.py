"""The pipeline: what it says of a text, contradictions, names, repair, suggestions, and any text at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intents.catalog import BY_NAME
from bot.language.clauses import Remark, splits
from bot.language.filler import asked_plainly, without_filler
from bot.language.normalise import MAX_TEXT_CHARS, cut, normalise
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
    speller = Speller(frozenset({"train", "training", "the", "build", "status", "stats"}))

    def candidates(word: str) -> list[str]:
        return [known for _, known in speller.candidates(word)]

    assert candidates("trian") == ["train"]
    assert candidates("rtain") == ["train"]
    assert candidates("teh") == ["the"]
    assert candidates("stauts") == ["status", "stats"]
    assert candidates("brain") == []
    assert candidates("x9z1") == []


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
        ("build12", "build 12"),
        ("an m5 xlarge, ml.c5.2xlarge and p3 2xlarge", "an ml.m5.xlarge, ml.c5.2xlarge and ml.p3.2xlarge"),
        ("pls train w/ q 2 & w/o spot", "please train with q 2 and without spot"),
        ("the demo's over", "the demo is over"),
        ("the gp's output", "the gp output"),
        ("everybody's running builds", "everybody running builds"),
        ("optimise the normalisation", "optimize the normalization"),
        ("data sets", "datasets"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert " ".join(normalise(text).strip(" ?").split()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "hey sagebuild could you please train the gp for me thanks",
        "I was wondering if you could maybe train the gp, if that's ok",
        "alexa, ask sagebuild to train the gp",
        "ok great, now please just train the gp asap",
        "would you mind training the gp?",
        "it would be great if you could train the gp when you have a moment, cheers mate",
        "train, um, the gp pls :rocket:",
    ],
)
def test_politeness_changes_nothing(language: Language, text: str) -> None:
    parse = language.parse(text)
    assert (parse.intent, parse.slots, parse.repaired) == ("StartTraining", {"model": "gp"}, False)


def test_filler_is_dropped_and_not_when_it_is_all() -> None:
    assert without_filler("do not please train".split()) == ["do", "not", "train"]
    assert without_filler(["ok", "please"]) == ["ok", "please"]


def test_would_you_mind() -> None:
    def knows(word: str) -> bool:
        return word in {"stop", "delete", "train"}

    for said, meant in (("stopping", "stop"), ("deleting", "delete"), ("training", "train")):
        assert asked_plainly(["would", "you", "mind", said, "it"], knows) == [meant, "it"]
    for text in ("would you mind not stopping it", "mind the gap", "would you mind dancing", "mind"):
        assert asked_plainly(text.split(), knows) == text.split()


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("please stop the keras run, it's going nowhere", "StopBuild", {"model": "keras"}),
        ("build 36 fell over halfway, pick it up again", "ResumeBuild", {"build": 36}),
        ("the new housing model is rubbish: roll back", "Rollback", {"dataset": "housing"}),
        ("it is going nowhere - stop build 4", "StopBuild", {"build": 4}),
        ("build 3 is fine, stop build 4", "StopBuild", {"build": 4}),
        ("deploy build 9 because the demo is today", "Deploy", {"build": 9}),
    ],
)
def test_a_remark_is_left_aside_and_asked_about(
    language: Language, text: str, intent: str, slots: dict[str, object]
) -> None:
    parse = language.parse(text)
    assert (parse.intent, parse.slots, parse.repaired) == (intent, slots, True)


@pytest.mark.parametrize(
    "text",
    [
        "if it fails, stop build 4",
        "she said: stop build 4",
        "stop build 4, or not",
        "stop build 4, unless it is done",
        "we should wait, deploy build 9",
        "not now, stop build 4",
        "stop build 4, stop build 5",
        "tomorrow, stop build 4",
        "I was about to say, stop build 4",
        "stop build 4, when it is done",
        ", ".join(["it is bad"] * 7 + ["stop build 4"]),
    ],
)
def test_what_is_no_remark_is_not_left_aside(language: Language, text: str) -> None:
    parse = language.parse(text)
    assert parse.intent is None or not BY_NAME[parse.intent].changes


def test_splits_try_the_longest_command_first() -> None:
    found = list(splits("a, b. c - d", lambda text: Remark({}, is_preamble=False) if text in ("a", "d") else None))
    assert [split.command for split in found] == ["a, b. c", "b. c - d", "b. c"]
    before = list(splits("a, b", lambda text: Remark({"x": text}, is_preamble=True)))
    assert [(split.command, split.about) for split in before] == [("b", {"x": "a"})]
    assert list(splits("a b", lambda text: Remark({}, is_preamble=False))) == []


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("what do we know about build 24", "BuildDetails", {"build": 24}),
        ("get 33 out the door", "Deploy", {"build": 33}),
        ("how high is our bill this month", "Cost", {"when": "this month"}),
        ("bin the endpoints no one uses", "RetireEndpoints", {}),
    ],
)
def test_parts_in_another_order(language: Language, text: str, intent: str, slots: dict[str, object]) -> None:
    parse = language.parse(text)
    assert (parse.intent, parse.slots, parse.repaired) == (intent, slots, BY_NAME[intent].changes)


@pytest.mark.parametrize(
    "text", ["prepare", "put it out", "make noise", "fit in", "approve the", "run the network down"]
)
def test_a_command_in_another_order_says_what_it_is_about(language: Language, text: str) -> None:
    parse = language.parse(text)
    assert parse.intent is None or not BY_NAME[parse.intent].changes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Reject build 9 because the RMSE is Too High!", "the RMSE is Too High!"),
        ("reject build 9, it's 20% worse", "it's 20% worse"),
        ("reject 9: we've got 2 hours left", "we've got 2 hours left"),
        ("freeze deploys because of the Q4 close", "the Q4 close"),
    ],
)
def test_a_reason_is_kept_as_it_was_written(language: Language, text: str, reason: str) -> None:
    assert language.parse(text).slots["reason"] == reason


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("train keras with two layers of 64", {"num_layers": 2, "hidden_units": 64}),
        ("train keras with 3 layers of 64, 32 and 16 nodes", {"num_layers": 3, "nodes": "64,32,16"}),
        ("train keras with 64 nodes", {"hidden_units": 64}),
        ("train keras with nodes 64 and 32", {"nodes": "64,32"}),
        ("train keras with nodes 64,32", {"nodes": "64,32"}),
        ("train keras with 30 percent dropout", {"dropout": 0.3}),
        ("train keras with used data percentage 30 percent", {"used_data_percentage": 30}),
        ("train keras with batch normalization on", {"batch_normalization": True}),
        ("train keras with no batch norm", {"batch_normalization": False}),
        ("train keras with adam and relu", {"optimizer": "adam", "activation": "relu"}),
        ("train keras with patience 5", {"early_stopping_patience": 5}),
        ("train keras for 1 epoch with batchsize 32", {"epochs": 1, "batch_size": 32}),
        ("search keras with 20 trials", {"mode": "search", "max_evals": 20}),
    ],
)
def test_hyperparameters_as_people_say_them(language: Language, text: str, slots: dict[str, object]) -> None:
    assert language.parse(text).slots == {"model": "keras", "hyperparameters": slots}


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("tune q and l from 0 to 4", {"q": {"low": 0, "high": 4}, "l": {"low": 0, "high": 4}}),
        ("tune q from 0 to 4 and l", {"q": {"low": 0, "high": 4}, "l": {}}),
        ("tune dropout between 10 and 50 percent", {"dropout": {"low": 0.1, "high": 0.5}}),
        ("tune lr 1e-4..1e-1 log", {"learning_rate": {"low": 0.0001, "high": 0.1, "scale": "log"}}),
        ("tune q in 0-4", {"q": {"low": 0, "high": 4}}),
        ("tune q between minus one and ten to the minus three", {"q": {"low": -1, "high": 0.001}}),
    ],
)
def test_ranges_as_people_say_them(language: Language, text: str, ranges: dict[str, object]) -> None:
    assert language.parse(text).slots == {"ranges": ranges}


def test_spoken_names_of_hyperparameters_are_understood(language: Language) -> None:
    for model in BUILT_IN:
        for parameter in model.hyperparameters:
            for name in (parameter.name, *parameter.spoken):
                parse = language.parse(f"train the {model.name} with {name} 1")
                # One number of nodes is nodes per layer.
                meant = "hidden_units" if parameter.name == "nodes" else parameter.name
                assert parse.slots["hyperparameters"] == {meant: 1}, name


WORDS = st.sampled_from(
    "train start stop cancel the gp build on with q 2 deploy it and do not predict 1 approve reject because freeze "
    "status my yes no please when done foo ? , . if roll back tune from 0 to 4 endpoint delete said".split()
)
TEXTS = st.one_of(
    st.text(max_size=MAX_TEXT_CHARS),
    st.lists(WORDS, max_size=40).map(" ".join),
    st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=60).map(" ".join),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_text_is_read(language: Language, text: str) -> None:
    parse = language.parse(text)
    assert parse.intent is None or parse.intent in BY_NAME
    if parse.intent is not None:
        assert set(parse.slots) <= {slot.name for slot in BY_NAME[parse.intent].slots}
        assert parse.suggestions == ()
    if parse.intent is not None and BY_NAME[parse.intent].changes and " not " in f" {normalise(text)} ":
        # "not" is said of deploying, or in a reason.
        assert parse.slots.get("deploy") is False or "reason" in parse.slots, text


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=MAX_TEXT_CHARS))
def test_no_text_by_chance_changes_anything(language: Language, text: str) -> None:
    parse = language.parse(text)
    assert parse.intent is None or not BY_NAME[parse.intent].changes


@pytest.mark.parametrize(
    "text",
    [
        "the " * 1000,
        "build 1 " * 500,
        "a" * 4000,
        "train " * 700,
        "q 1 " * 1000,
        "tune " + "q and l " * 500,
        "1 " * 2000,
    ]
    + ["is my build " * 300, "please " * 600, "stop, " * 650, "x1 1 " * 800, "\U0001f642" * 4000, "\u0301" * 4000],
    ids=lambda text: text[:12],
)
def test_the_work_is_bounded_for_what_repeats_itself(language: Language, text: str) -> None:
    started = time.process_time()
    language.parse(text)
    assert time.process_time() - started < 5
