"""The sentences of `bot/intents/en-US/` and the names in the catalogue, compiled.

Slot values come from `models/catalog.py` (by `names.py`), the settings (by `settings.py`) and `bot/intents/catalog.py`,
so that a new model, hyperparameter or setting is understood at once. `matcher.py` uses the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hassil import IntentData, Intents, TextSlotList, merge_dict

from bot.intents.catalog import INTENTS
from bot.language.automaton import Automaton
from bot.language.compiling import BadSentences, Compiler, Phrases, may_be_empty, phrases_of
from bot.language.names import Names
from bot.language.nodes import End, Node, Rule, in_order, one_of
from bot.language.reading import Reader
from bot.language.settings import said_alone, said_settings, spoken_settings, with_numbers
from models.catalog import Catalogue

FOLDER = Path(__file__).parent.parent / "intents" / "en-US"
ANSWERS = FOLDER / "answers"
REMARKS = FOLDER / "remarks"
FRAMES = FOLDER / "frames"

# Lists that take any one token of a class. Neither magnitude nor spelling of what people name is the sentences'
# business: a number is a number, and a word that no sentence has may be a name.
NUMBER, PERCENT, DURATION, INSTANCE = "#number", "#percent", "#duration", "#instance"
WORD, HYPHENED = "#word", "#hyphened"
ENDPOINT = "#endpoint"  # a hyphened word with a model's name in it: "local-gp-toy"
LONG = "#long"  # a word that is too long to be a name
CLASSES: Mapping[str, tuple[str, ...]] = {
    NUMBER: ("number", "remark", "plain", "any"),
    PERCENT: ("percent", "remark", "plain", "any"),
    DURATION: ("duration", "any"),
    INSTANCE: ("instance", "any"),
    WORD: ("word", "name", "input_name", "remark", "plain", "any"),
    HYPHENED: ("word", "name", "input_name", "hyphened", "remark", "plain", "any"),
    ENDPOINT: ("word", "name", "input_name", "hyphened", "endpoint_name", "remark", "plain", "any"),
    LONG: ("any",),
}
CLASS_NAMES = frozenset(name for names in CLASSES.values() for name in names)

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
    "vacation holiday it this that these those there here everything anything something if when because said says "
    "say told asked did does didn was were had would could should might must been being who whom whose whether "
    "although though while wait hmm yes or nor neither either than anymore kidding joking jk lol haha".split()
)


# Words that no remark has: they make it a condition, a report, a wish, a question or a command of its own.
NEVER_A_REMARK = frozenset(
    "if unless until till when whenever while before after once but except only instead or either neither nor should "
    "shall would could might may must can will what who which how why where whether said say says saying tell told "
    "tells ask asked asks think thought thinks wish mean meant call called wrote write read reads hear heard want "
    "wants please let do does did go start stop deploy train delete remove reject approve cancel kill roll freeze "
    "i we he she they you him her them someone somebody anyone anybody everyone everybody people nobody "
    "tomorrow later soon tonight monday tuesday wednesday thursday friday saturday sunday weekend lunch next "
    "note todo reminder example agenda subject title quote plan goal movie song book story joke step task".split()
)
# Words that a remark may have, but that no plain statement begins with.
_NOT_PLAIN = frozenset(
    "not no never nothing yes yeah ok and then so also because please just try again is are was were has have had am "
    "be been in on at with for to of from by as about during without under over into onto via using against within "
    "than the a an this that these those my our your its make get take put bring give use set run keep send show "
    "list".split()
)
_ANY = ("remark", "plain", "any")

# Words of sentences that an input may be called, too: "predict size 120 and age 30".
INPUT_WORDS = frozenset(
    "size age length width height weight price area rooms rate income temperature pressure speed mass depth volume "
    "count distance mean time region type number value score noise order bias sample target".split()
)


@dataclass(frozen=True)
class Sentence:
    """One template of the files, compiled. slots: those that it says without a word for them."""

    intent: str
    slots: Mapping[str, Any]
    text: str
    node: Node


@dataclass(frozen=True)
class Sentences:
    """Those that may be said at one time. recogniser: which of them a text may be, by their place in `all`."""

    all: tuple[Sentence, ...]
    recogniser: Automaton
    readers: tuple[Reader, ...]


@dataclass(frozen=True)
class Grammar:
    """requests: what may be asked. frames: the same in any order, with words that mean nothing in between.

    answers: what may be said to a question. remarks: what may be said beside a command. words: every word that a
    sentence may have. phrases: what stands for one word, because its words would be read as numbers ("sigma two" ->
    "sigma2").
    """

    requests: Sentences
    frames: Sentences
    answers: Sentences
    remarks: Sentences
    words: frozenset[str]
    phrases: Mapping[tuple[str, ...], str]
    names: Names
    settings: Mapping[str, str]


def load(catalogue: Catalogue, settings: tuple[str, ...] | None = None) -> Grammar:
    """The compiled grammar. settings: their names; those of BuildSettings when not given.

    Raises OSError, yaml.YAMLError or BadSentences when the sentences cannot be read.
    """
    intents, *others = (_read(folder) for folder in (FOLDER, ANSWERS, REMARKS, FRAMES))
    written = _phrases(intents, {})
    names = Names(catalogue, {said: str(meant) for said, meant in written["alias"].items()})
    spoken = spoken_settings(settings)
    made = _made_lists(names, spoken)
    outer = Compiler(intents.expansion_rules, written | made, CLASS_NAMES, named=frozenset(made))
    said = _compiled(intents, outer)
    answered, remarked, framed = (
        _compiled(one, Compiler(one.expansion_rules, _phrases(one, {}), CLASS_NAMES, outer)) for one in others
    )
    lead, trail = outer.rule("lead"), outer.rule("trail")
    own = outer.words
    words = own | {word for phrases in made.values() for phrase in phrases for word in phrase.split()} | NEVER_A_NAME
    classes = dict(CLASSES)
    classes |= dict.fromkeys(words & NEVER_A_REMARK, ("any",))
    classes |= dict.fromkeys(words & _NOT_PLAIN, ("remark", "any"))
    classes |= dict.fromkeys(words & INPUT_WORDS, ("input_name", *_ANY))
    classes |= dict.fromkeys(names.nameable() - own - NEVER_A_NAME, ("name", "input_name", *_ANY))
    return Grammar(
        requests=_sentences(said, lead, trail, classes),
        frames=_sentences(framed, lead, trail, classes),
        answers=_sentences(answered, lead, trail, classes),
        remarks=_sentences(remarked, lead, trail, classes),
        words=frozenset(words),
        phrases=names.with_numbers() | with_numbers(spoken),
        names=names,
        settings=spoken,
    )


def _read(folder: Path) -> Intents:
    """The files of a folder, as hassil reads them."""
    document: dict[str, Any] = {"intents": {}, "language": "en-US"}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.glob("*.yaml")):
        # The loader is a safe one, in C where there is one: the pure Python one takes most of the start.
        part = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        for kind in ("expansion_rules", "lists"):
            if twice := document.get(kind, {}).keys() & part.get(kind, {}).keys():
                raise BadSentences(f"{path.name} has {sorted(twice)}, which another file has too")
        merge_dict(document, part)
    return Intents.from_dict(document)


def _phrases(holder: Intents | IntentData, rules: dict[str, Any]) -> dict[str, Phrases]:
    lists = holder.slot_lists
    return {name: phrases_of(one, rules) for name, one in lists.items() if isinstance(one, TextSlotList)}


def _made_lists(names: Names, settings: Mapping[str, str]) -> dict[str, Phrases]:
    """The lists that are made from the catalogues."""
    return {
        "model": names.models,
        "searching": names.searching,
        "tuning": names.tuning,
        "parameter": names.parameters,
        "scalar": names.scalars,
        "many": names.lists,
        "category": names.categoricals,
        "choice": names.choices,
        "chosen": names.told_by_choice,
        "flag": names.flags,
        "setting": said_settings(settings),
        "setting_alone": said_alone(settings),
        "topic": {topic: topic for intent in INTENTS for topic in intent.topics},
    }


def _compiled(intents: Intents, outer: Compiler) -> list[Sentence]:
    found: list[Sentence] = []
    for intent in intents.intents.values():
        for data in intent.data:
            inner = Compiler(data.expansion_rules, _phrases(data, {}), CLASS_NAMES, outer)
            for sentence in data.sentences:
                try:
                    node = inner.compile(sentence.expression)
                    if may_be_empty(node):
                        raise BadSentences("every word of it may be left out")
                except BadSentences as error:
                    raise BadSentences(f"{intent.name}: {sentence.text!r}: {error}") from error
                found.append(Sentence(intent.name, dict(data.slots), sentence.text or "", node))
    return found


def _sentences(sentences: list[Sentence], lead: Rule, trail: Rule, classes: Mapping[str, tuple[str, ...]]) -> Sentences:
    """The sentences with what may be said around each."""
    ends = [in_order([one.node, trail, End(label)]) for label, one in enumerate(sentences)]
    return Sentences(
        all=tuple(sentences),
        recogniser=Automaton(in_order([lead, one_of(ends)]), classes, default=_ANY),
        readers=tuple(Reader(in_order([lead, end]), classes, default=_ANY) for end in ends),
    )
