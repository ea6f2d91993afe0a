"""The files of bot/intents/en-US: their form, that each template is reached, that no sentence fits two intents."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import yaml
from hassil import parse_sentence
from jsonschema import Draft202012Validator

from bot.intents.catalog import BY_NAME, SlotKind
from bot.language.automaton import Automaton
from bot.language.compiling import BadSentences, Compiler, may_be_empty
from bot.language.grammar import ANSWERS, FOLDER, FRAMES, REMARKS, Grammar, Sentence, Sentences
from bot.language.nodes import End, in_order, one_of
from bot.language.parse import Language
from bot.language.reading import Reader
from models.catalog import BUILT_IN
from tests.bot.conversations import FOREST
from tests.bot.sampling import Sampler

FILES = sorted(FOLDER.rglob("*.yaml"))
OF_INTENTS = sorted(path for path in FOLDER.glob("*.yaml") if not path.stem.startswith("_"))
SCHEMA = json.loads((FOLDER.parent / "sentences.schema.json").read_text(encoding="utf-8"))
SAMPLES_A_TEMPLATE = 25
MAX_TRIES = 400


@pytest.fixture(scope="module")
def forest() -> Language:
    return Language(BUILT_IN.with_entries([FOREST]))  # which has every kind of hyperparameter


def grammar_of(language: Language) -> Grammar:
    return language.grammar


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def test_one_file_an_intent() -> None:
    assert {path.stem for path in OF_INTENTS} == set(BY_NAME)
    assert {path.stem for path in FRAMES.glob("*.yaml")} <= {*BY_NAME, "_soft"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_has_the_form_of_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert text.startswith("# ")
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "en-US"},
        {"language": "en-US", "intents": {"Help": {"data": [{"sentences": ["Help"]}]}}},
        {"language": "en-US", "intents": {"Help": {"data": [{"sentences": []}]}}},
        {"language": "en-US", "intents": {"Help": {"data": [{"sentence": ["help"]}]}}},
        {"language": "en-US", "lists": {"x": {"values": [{"in": "a"}]}}},
        {"language": "en-US", "lists": {"x": {"wildcard": True}}},
    ],
    ids=str,
)
def test_the_schema_refuses(wrong: dict[str, object]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(wrong)


@pytest.mark.parametrize("path", OF_INTENTS, ids=name_of)
def test_a_file_of_an_intent_shows_an_example(language: Language, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = text.splitlines()[0]
    assert header.startswith(f"# {path.stem}: ")
    examples = re.findall(r'"([^"]+)"', header.split('". ')[0] + '"')
    assert examples
    for example in examples:
        assert language.parse(example).intent == path.stem, example
    assert list(yaml.safe_load(text)["intents"]) == [path.stem]


def groups(folder: Path) -> list[str]:
    return sorted(
        name for path in folder.glob("*.yaml") for name in yaml.safe_load(path.read_text()).get("intents", {})
    )


@pytest.mark.parametrize("intent", groups(FOLDER))
def test_no_sentence_fits_two_intents_and_each_template_is_reached(forest: Language, intent: str) -> None:
    grammar = grammar_of(forest)
    allowed = {slot.name for slot in BY_NAME[intent].slots}
    sampler = Sampler(grammar, seed=len(intent))
    for sentence in (one for one in grammar.requests.all if one.intent == intent):
        reached = 0
        for _ in range(MAX_TRIES):
            text = sampler.sentence(sentence)
            found = forest.readings(text)
            # A random sentence may contradict itself ("q 2 and q 3"); it is then understood as nothing.
            assert set(found) <= {intent}, (text, sentence.text)
            assert all(set(slots) <= allowed for slots in found.values()), text
            reached += bool(found)
            if reached == SAMPLES_A_TEMPLATE:
                break
        assert reached, sentence.text


@pytest.mark.parametrize("intent", groups(FRAMES))
def test_each_frame_is_reached_and_none_changes_what_another_asks(forest: Language, intent: str) -> None:
    grammar = grammar_of(forest)
    allowed = {slot.name for slot in BY_NAME[intent].slots}
    sampler = Sampler(grammar, seed=len(intent))
    for sentence in (one for one in grammar.frames.all if one.intent == intent):
        reached = 0
        for _ in range(MAX_TRIES):
            parse = forest.parse(sampler.sentence(sentence))
            if parse.intent == intent:
                assert set(parse.slots) <= allowed
                reached += 1
            if reached == 3:
                break
        assert reached, sentence.text


@pytest.mark.parametrize("kind", [*groups(ANSWERS), *groups(REMARKS)])
def test_each_answer_and_remark_is_reached(forest: Language, kind: str) -> None:
    grammar = grammar_of(forest)
    sampler = Sampler(grammar, seed=len(kind))
    for sentences in (grammar.answers, grammar.remarks):
        for place, sentence in enumerate(sentences.all):
            if sentence.intent == kind:
                assert is_read(forest, sampler, sentences, place, sentence), sentence.text


def is_read(language: Language, sampler: Sampler, sentences: Sentences, place: int, sentence: Sentence) -> bool:
    for _ in range(MAX_TRIES):
        keys = language.keys(sampler.sentence(sentence))
        if place in sentences.recogniser.labels(keys):
            return bool(sentences.readers[place].readings(keys))
    return False


def test_every_kind_of_slot_can_be_answered() -> None:
    asked = {slot.kind.value for intent in BY_NAME.values() for slot in intent.slots}
    assert asked - {SlotKind.WHOSE.value, SlotKind.ACTION.value} <= set(groups(ANSWERS))


def test_what_the_automaton_recognises_is_what_the_readers_read(forest: Language) -> None:
    """Two ways to the same: which sentences a text may be, all at once and one by one."""
    grammar = grammar_of(forest)
    sampler, source = Sampler(grammar, seed=7), random.Random(7)
    for sentence in source.sample(grammar.requests.all, 40):
        words = sampler.sentence(sentence).split()
        if source.random() < 0.5:
            source.shuffle(words)
        keys = forest.keys(" ".join(words))
        labels = grammar.requests.recogniser.labels(keys)
        assert labels == [place for place, reader in enumerate(grammar.requests.readers) if reader.readings(keys)]


def compiled(**rules: str) -> Compiler:
    sentences = {name: parse_sentence(text) for name, text in rules.items()}
    return Compiler(sentences, {"x": {"a": 1, "a b": 2}}, frozenset({"number"}))


def readings(compiler: Compiler, text: str) -> list[tuple[tuple[str, object], ...]]:
    root = in_order([compiler.rule("root"), End(0)])
    keys = text.split()
    classes = {"7": ("number",)}
    found = Reader(root, classes, ()).readings(keys)
    assert Automaton(one_of([root, in_order([End(1)])]), classes, ()).labels(keys) == (
        [0] if found else [1] * (not keys)
    )
    return found


@pytest.mark.parametrize(
    ("rules", "text", "expected"),
    [
        ({"root": "go [now] {x:y}"}, "go now a b", [(("y", 2),)]),
        ({"root": "go [now] {x:y}"}, "go a", [(("y", 1),)]),
        ({"root": "go [now] {x:y}"}, "go b", []),
        ({"root": "(a;b;c) d"}, "c a b d", [()]),
        ({"root": "(a;b;c) d"}, "c a a d", []),
        (
            {"root": "<list> end", "list": "{number:n} [[and] <list>]"},
            "7 7 and 7 end",
            [(("n", 0), ("n", 1), ("n", 3))],
        ),
        ({"root": "{x:y} [b] [<root>]"}, "a b", [(("y", 2),), (("y", 1),)]),
    ],
)
def test_reading(rules: dict[str, str], text: str, expected: object) -> None:
    assert readings(compiled(**rules), text) == expected


@pytest.mark.parametrize(
    "rules",
    [
        {"root": "build[s] now"},
        {"root": "<none>"},
        {"root": "{none}"},
        {"root": "[<root>] a"},
        {"root": "a <one>", "one": "b [<root>]"},
        {"root": "(a;b;c;d;e)"},
    ],
    ids=str,
)
def test_what_is_not_read_is_refused(rules: dict[str, str]) -> None:
    with pytest.raises(BadSentences):
        compiled(**rules).rule("root")


def test_a_sentence_needs_a_word() -> None:
    compiler = compiled(root="[a] [<more>]", more="[b]")
    assert may_be_empty(compiler.rule("root"))
    assert not may_be_empty(compiled(root="[a] b").rule("root"))


def test_a_new_model_is_understood_at_once(forest: Language) -> None:
    parse = forest.parse("train the forest with max depth 7 on diabetes")
    assert parse.slots == {"model": "forest", "hyperparameters": {"max_depth": 7}, "dataset": "diabetes"}
    # "depth" is l for one model and max_depth for the other: it stays as said, and the model tells.
    assert forest.parse("train the trees with depth 7").slots == {"model": "forest", "hyperparameters": {"depth": 7}}
    assert forest.parse("train the gp with q 2").slots == {"model": "gp", "hyperparameters": {"q": 2}}
    assert forest.parse("tune max depth of the forest from 2 to 9").slots == {
        "model": "forest",
        "ranges": {"max_depth": {"low": 2, "high": 9}},
    }


@pytest.mark.parametrize(
    ("text", "hyperparameters"),
    [
        ("with sizes 64 and 32", {"sizes": "64,32"}),
        ("with sizes 64, 32, 16 and q 2", {"sizes": "64,32,16", "q": 2}),
        ("with boot strap", {"boot_strap": True}),
        ("with boot strap on", {"boot_strap": True}),
        ("with boot strap off", {"boot_strap": False}),
        ("with q 2 and boot_strap", {"boot_strap": True, "q": 2}),
        ("without boot strap", {"boot_strap": False}),
        ("with no boot strap and the linear criterion", {"boot_strap": False, "criterion": "linear"}),
        ("with criterion linear", {"criterion": "linear"}),
    ],
)
def test_lists_flags_and_choices_of_any_model(forest: Language, text: str, hyperparameters: dict[str, object]) -> None:
    assert forest.parse(f"train the forest {text}").slots == {"model": "forest", "hyperparameters": hyperparameters}


def test_a_dataset_may_be_called_what_only_the_catalogue_has(forest: Language) -> None:
    assert forest.parse("train the forest on linear").slots == {"model": "forest", "dataset": "linear"}
    assert forest.parse("train the gp on the toy linear data").slots == {"model": "gp", "dataset": "toy-linear"}


def test_the_settings_are_those_that_are_given() -> None:
    language = Language(BUILT_IN, settings=("shoe_size_s", "training_timeout_s"))
    assert language.parse("set the shoe size to 2 minutes").slots == {"setting": "shoe size", "value": 120}
    assert language.parse("what is the size of the shoe").slots == {"setting": "shoe size"}
