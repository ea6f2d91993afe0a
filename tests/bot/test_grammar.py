"""The files of bot/intents/en-US: their form, that each template is reached, that no sentence fits two intents."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import yaml
from hassil import (
    Alternative,
    Expression,
    IntentData,
    ListReference,
    Permutation,
    RuleReference,
    Sequence,
    TextChunk,
    TextSlotList,
)

from bot.intents.catalog import BY_NAME, INTENTS, Intent
from bot.language.grammar import FOLDER, Grammar, load
from bot.language.matcher import Matcher
from bot.language.normalise import normalise, without_politeness
from bot.language.numbers import read_numbers
from bot.language.parse import Language
from bot.language.slots import slots_of
from bot.language.tokens import tokenise
from models.catalog import BUILT_IN
from tests.bot.conversations import FOREST

FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "common")
SAMPLES_A_TEMPLATE = 25
UNKNOWN_WORDS = ("housing", "foo-bar", "x1", "wobble", "my-data2")


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return load(BUILT_IN.with_entries([FOREST]))  # which has every kind of hyperparameter


def test_one_file_an_intent() -> None:
    assert {path.stem for path in FILES} == set(BY_NAME)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_short_and_shows_an_example(language: Language, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    header = text.splitlines()[0]
    assert header.startswith(f"# {path.stem}: ")
    examples = re.findall(r'"([^"]+)"', header.split('". ')[0] + '"')
    assert examples
    for example in examples:
        assert language.parse(example).intent == path.stem, example
    assert list(yaml.safe_load(text)["intents"]) == [path.stem]


class Sampler:
    """Random sentences of a template, as a person could write them."""

    def __init__(self, grammar: Grammar, seed: int) -> None:
        self._grammar, self._intents, self._random = grammar, grammar.intents, random.Random(seed)

    def sentence(self, expression: Expression, data: IntentData) -> str:
        return " ".join(self._text(expression, data).split())

    def _text(self, expression: Expression, data: IntentData) -> str:
        if isinstance(expression, TextChunk):
            return expression.text
        if isinstance(expression, Alternative):
            return self._text(self._random.choice(expression.items), data)
        if isinstance(expression, Sequence):
            return "".join(self._text(item, data) for item in expression.items)
        if isinstance(expression, Permutation):
            items = self._random.sample(expression.items, len(expression.items))
            return " ".join(self._text(item, data) for item in items)
        if isinstance(expression, RuleReference):
            rules = self._intents.expansion_rules | data.expansion_rules
            return self._text(rules[expression.rule_name].expression, data)
        assert isinstance(expression, ListReference)
        return self._value(expression.list_name, data)

    def _value(self, name: str, data: IntentData) -> str:
        if name == "number":
            return str(self._random.randint(1, 40))
        if name == "numbers":
            return " ".join(str(self._random.randint(1, 40) / 4) for _ in range(self._random.randint(1, 4)))
        if name == "word":
            return self._random.choice(UNKNOWN_WORDS)
        values = (self._intents.slot_lists | data.slot_lists)[name]
        assert isinstance(values, TextSlotList)
        chunks = [value.text_in for value in values.values if isinstance(value.text_in, TextChunk)]
        # "sigma two" is put together before numbers are read; test_parse.py has these names.
        return self._random.choice([c.text for c in chunks if tuple(c.text.split()) not in self._grammar.names])


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.name)
def test_no_sentence_fits_two_intents_and_each_template_is_reached(grammar: Grammar, intent: Intent) -> None:
    name = intent.name
    allowed = {slot.name for slot in BY_NAME[name].slots}
    matcher, sampler = Matcher(grammar), Sampler(grammar, seed=len(name))
    for data in grammar.intents.intents[name].data:
        for template in data.sentences:
            reached = False
            for _ in range(SAMPLES_A_TEMPLATE):
                text = sampler.sentence(template.expression, data)
                tokens = tokenise(normalise(text))
                matches = matcher.match(read_numbers(tokens)) or matcher.match(read_numbers(without_politeness(tokens)))
                if not matches and len(tokens) > 50:
                    continue  # longer than anybody speaks: see MAX_WORDS
                assert [match.intent for match in matches] == [name], (text, template.text)
                slots = slots_of(matches[0])
                assert slots is None or set(slots) <= allowed, text
                reached = True
            assert reached, template.text


def test_a_new_model_is_understood_at_once() -> None:
    language = Language(BUILT_IN.with_entries([FOREST]))
    parse = language.parse("train the forest with max depth 7 on diabetes")
    assert parse.slots == {"model": "forest", "hyperparameters": {"max_depth": 7}, "dataset": "diabetes"}
    # "depth" is l for one model and max_depth for the other: it stays as said, and the model tells.
    assert language.parse("train the trees with depth 7").slots == {"model": "forest", "hyperparameters": {"depth": 7}}
    assert language.parse("train the gp with q 2").slots == {"model": "gp", "hyperparameters": {"q": 2}}


@pytest.mark.parametrize(
    ("text", "hyperparameters"),
    [
        ("with sizes 64 and 32", {"sizes": "64,32"}),
        ("with sizes 64, 32, 16 and q 2", {"sizes": "64,32,16", "q": 2}),
        ("with boot strap", {"boot_strap": True}),
        ("with q 2 and boot_strap", {"boot_strap": True, "q": 2}),
        ("without boot strap", {"boot_strap": False}),
        ("with no boot strap and the linear criterion", {"boot_strap": False, "criterion": "linear"}),
        ("with criterion linear", {"criterion": "linear"}),
    ],
)
def test_lists_flags_and_choices_of_any_model(text: str, hyperparameters: dict[str, object]) -> None:
    language = Language(BUILT_IN.with_entries([FOREST]))
    assert language.parse(f"train the forest {text}").slots == {"model": "forest", "hyperparameters": hyperparameters}


def test_a_dataset_may_be_called_what_only_the_catalogue_has() -> None:
    language = Language(BUILT_IN.with_entries([FOREST]))
    assert language.parse("train the forest on linear").slots == {"model": "forest", "dataset": "linear"}
    assert language.parse("train the gp on the toy linear data").slots == {"model": "gp", "dataset": "toy-linear"}
