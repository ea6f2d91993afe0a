"""The sentences of `bot/intents/en-US/*.yaml` and the names in the catalogue, compiled for hassil.

Slot values come from `models/catalog.py` (by `names.py`) and `bot/intents/catalog.py`, so that a new model or
hyperparameter is understood at once. `matcher.py` uses the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import yaml
from hassil import (
    Alternative,
    Expression,
    Group,
    Intents,
    Permutation,
    Sequence,
    TextChunk,
    TextSlotList,
    merge_dict,
    sample_expression,
)

from bot.intents.catalog import INTENTS
from bot.language.names import Names
from models.catalog import Catalogue

FOLDER = Path(__file__).parent.parent / "intents" / "en-US"

# Placeholders: what stands in a sentence for a number, for several numbers in a row, and for a word that no sentence
# has. So neither magnitude nor spelling of what people name is hassil's business, and no list needs a wildcard, which
# could swallow "not".
NUMBER, NUMBERS, WORD = (tuple(f"{prefix}{letter}" for letter in ascii_lowercase) for prefix in ("nz", "nr", "wd"))

# Words that no sentence needs to have, and that still never name a dataset, an endpoint or a hyperparameter:
# "start training on monday" is not understood, rather than taken for a dataset called monday.
NEVER_A_NAME = frozenset(
    "not never no nothing none nobody without instead unless cannot until i you he she we they me him her us them "
    "my your his our their myself yourself ourselves someone anyone somebody anybody now later soon today tonight "
    "tomorrow yesterday morning noon afternoon evening night midnight weekend weekends weekday weekdays monday "
    "tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays "
    "sundays january february march april may june july august september october november december hour hours "
    "minute minutes second seconds day days week weeks month months year years time times daily weekly monthly "
    "nightly hourly purpose demand hold fire duty paper track earth average balance principle top behalf account "
    "vacation holiday it this that these those there here everything anything something".split()
)


@dataclass(frozen=True)
class Grammar:
    """intents: for hassil. words: every word that a sentence may have. names: phrases that stand for one word, because
    their words would be read as numbers ("sigma two" -> "sigma2")."""

    intents: Intents
    words: frozenset[str]
    names: Mapping[tuple[str, ...], str]


def load(catalogue: Catalogue) -> Grammar:
    """The compiled grammar. Raises OSError or yaml.YAMLError when the sentences cannot be read."""
    document: dict[str, Any] = {"intents": {}}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(FOLDER.glob("*.yaml")):
        # The loader is a safe one, in C where there is one: the pure Python one takes most of the start.
        merge_dict(document, yaml.load(path.read_text(encoding="utf-8"), Loader=loader))
    intents = Intents.from_dict(document)
    names = Names(catalogue)
    lists = {
        "model": names.models,
        "parameter": names.parameters,
        "flag": names.flags,
        "choice": names.choices,
        "topic": {topic: topic for intent in INTENTS for topic in intent.topics},
        "number": {name: name for name in NUMBER},
        "numbers": {name: name for name in (*NUMBER, *NUMBERS)},
        "word": {name: name for name in WORD},
        # What a dataset may be called: also a word that only the catalogue has ("train on linear").
        "name": {name: name for name in {*WORD, *names.words()} - set(_words(intents)) - NEVER_A_NAME},
    }
    intents.slot_lists |= {name: _list(values.items()) for name, values in lists.items()}
    _flatten(intents)
    return Grammar(intents, frozenset(_words(intents)) | NEVER_A_NAME, names.with_numbers())


def _list(pairs: Iterable[tuple[str, str]]) -> TextSlotList:
    # The longest first: "gaussian process" before "gaussian".
    return TextSlotList.from_tuples(sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0])), allow_template=False)


def _flatten(intents: Intents) -> None:
    """Write out the lists' templates: hassil finds plain values by an index, and tries templates one by one."""
    datas = [data for intent in intents.intents.values() for data in intent.data]
    for slot_list in [*intents.slot_lists.values(), *(one for data in datas for one in data.slot_lists.values())]:
        if not isinstance(slot_list, TextSlotList):
            continue
        pairs = {
            " ".join(text.split()): value.value_out
            for value in slot_list.values
            for text in sample_expression(value.text_in, intents.slot_lists, intents.expansion_rules)
        }
        slot_list.values = _list(pairs.items()).values


def _words(intents: Intents) -> Iterator[str]:
    datas = [data for intent in intents.intents.values() for data in intent.data]
    rules = [*intents.expansion_rules.values(), *(rule for data in datas for rule in data.expansion_rules.values())]
    for expression in [rule.expression for rule in rules] + [s.expression for data in datas for s in data.sentences]:
        yield from _words_of(expression)
    placeholders = {*NUMBER, *NUMBERS, *WORD}
    for slot_list in [*intents.slot_lists.values(), *(one for data in datas for one in data.slot_lists.values())]:
        for value in slot_list.values if isinstance(slot_list, TextSlotList) else ():
            yield from (word for word in _words_of(value.text_in) if word not in placeholders)


def _words_of(expression: Expression) -> Iterator[str]:
    if isinstance(expression, TextChunk):
        yield from expression.text.split()
    elif isinstance(expression, Group | Alternative | Permutation | Sequence):
        for item in expression.items:
            yield from _words_of(item)
