"""What a text means after what was said before: the answer to a question, or a correction ("no, l").

Both are read as the end of a sentence that every channel understands: "the gp", as an answer to "Which model?", is the
model of "describe the gp". Nothing is read that no sentence has, and nothing with its spelling repaired. A command that
changes anything is asked about when it came of a correction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.access.memory import Memory
from bot.intents.catalog import BY_NAME, Intent, SlotKind
from bot.language.numbers import Number
from bot.language.parse import Language, Parse
from bot.replies import Command, Question
from orchestration.builds import Json
from orchestration.ports import Ports

MAX_CHARS = 200

# Sentences that end in what answers a question for a slot of that kind.
_ENDINGS: Mapping[SlotKind, tuple[str, ...]] = {
    SlotKind.MODEL: ("roll back {}", "roll back the {}", "describe {}", "describe the {}"),
    SlotKind.BUILD: ("details of {}", "details of build {}"),
    SlotKind.BUILDS: ("compare {}", "compare builds {}"),
    SlotKind.DATASET: ("use the {} dataset", "use {}"),
    SlotKind.NUMBERS: ("predict {}",),
    SlotKind.HYPERPARAMETERS: ("train with {}", "train {}", "train the {}"),
    SlotKind.RANGES: ("tune {}", "tune with {}", "tune the {}"),
    SlotKind.SETTING: ("what is the {}", "show the {} setting"),
    SlotKind.VALUE: ("set the training timeout to {}",),
    SlotKind.ENDPOINT: ("delete endpoint {}",),
    SlotKind.PERIOD: ("list builds from {}", "list builds {}"),
    SlotKind.STATUS: ("list {} builds",),
    SlotKind.CODE: ("link my account with the code {}",),
    SlotKind.CHANNEL: ("link my {}",),
}
# What is only the sentence's own, never its end's.
_OWN: Mapping[SlotKind, frozenset[str]] = {SlotKind.VALUE: frozenset({"setting"})}
# Kinds of which any word may be one: what is a whole sentence is then that, not the answer. Of the others, "build 2" is
# the answer, although it is also a short way to ask how build 2 stands.
_ANY_WORD = frozenset({SlotKind.DATASET, SlotKind.INPUT, SlotKind.ENDPOINT, SlotKind.VALUE})
_NEVER_AN_ANSWER = frozenset({"Yes", "No", "Cancel", "Help"})

_BUT = r"(?:(?:i (?:meant|mean|said|want|wanted)|make (?:it|that)|rather|actually|better|please|sorry)[\s,:]+)"
_CORRECTION = re.compile(
    rf"\s*(?:(?:no|nope|nah|sorry|wait|oops)\s*[,;:.!-]+\s*{_BUT}*|(?:no\s+)?{_BUT}+)(?P<rest>\S.*?)"
    r"(?:[\s,]+(?:instead|rather|please))?[\s.!]*",
    re.IGNORECASE | re.DOTALL,
)
_NEGATION = re.compile(r"\b(?:no|not|never|nothing|none|without)\b|n't\b|\bdont\b", re.IGNORECASE)


@dataclass(frozen=True)
class Followed:
    """What a text means. corrects: it is the last command with something different."""

    parse: Parse
    corrects: bool = False


def meant(parse: Parse, memory: Memory, language: Language, ports: Ports) -> Followed:
    """The text as a command, when it is one only with what was said before; else the parse as it is."""
    text, now = parse.utterance, ports.clock.now()
    if len(text) > MAX_CHARS or not text.strip():
        return Followed(parse)
    if memory.asked is not None and now < memory.asked.expires_at:
        filled = _filled(parse, memory.asked.question, language)
        if filled is not None:
            return Followed(filled)
    understood = parse.intent is not None and not parse.repaired
    if memory.last is not None and now < memory.last.expires_at and not understood:
        corrected = _corrected(parse, memory.last.command, language)
        if corrected is not None:
            return Followed(corrected, corrects=True)
    return Followed(parse)


def _filled(parse: Parse, question: Question, language: Language) -> Parse | None:
    """The command that was asked about, with the text as what was missing."""
    intent = BY_NAME.get(question.command.intent)
    slot = intent.slot(question.slot) if intent is not None else None
    if intent is None or slot is None or parse.intent in _NEVER_AN_ANSWER:
        return None
    is_sentence = parse.intent is not None and not parse.repaired
    if is_sentence and slot.kind in _ANY_WORD:
        return None
    found = _read(parse.utterance, slot.kind, slot.name, intent, language)
    if slot.name not in found:
        return None
    return _with(parse, question.command, found)


def _read(text: str, kind: SlotKind, name: str, intent: Intent, language: Language) -> dict[str, Json]:
    """The slots of the intent that the text says, as an answer to a question for one of them."""
    if kind in (SlotKind.NUMBER, SlotKind.COUNT, SlotKind.SECONDS):
        number = _number(text, language)
        return {name: number} if number is not None and (kind is SlotKind.NUMBER or number == int(number)) else {}
    if kind is SlotKind.INPUT:
        words = language.tokens(text)
        return {name: str(words[0])} if len(words) == 1 and isinstance(words[0], str) else {}
    return next(_readings(text, kind, intent, language), {})


def _readings(text: str, kind: SlotKind, intent: Intent, language: Language) -> Iterator[dict[str, Json]]:
    """What the text says in each of the sentences that it may end."""
    for sentence in _ENDINGS.get(kind, ()):
        read = language.parse(sentence.format(text.strip(" .!?,").replace("{", "").replace("}", "")))
        if read.intent is None or read.repaired:
            continue
        found = {slot: value for slot, value in read.slots.items() if slot not in _OWN.get(kind, ())}
        if found and all(intent.slot(slot) is not None for slot in found):
            yield found


def _number(text: str, language: Language) -> int | float | None:
    tokens = language.tokens(text)
    return tokens[0].value if len(tokens) == 1 and isinstance(tokens[0], Number) else None


def _corrected(parse: Parse, command: Command, language: Language) -> Parse | None:
    """The last command with what the text says instead; another command, when the text says a whole one."""
    match = _CORRECTION.fullmatch(parse.utterance)
    intent = BY_NAME.get(command.intent)
    if match is None or intent is None or _NEGATION.search(match["rest"]):
        return None
    if (found := _changed(match["rest"], intent, language, any_word=False)) is not None:
        return _with(parse, command, found)
    whole = language.parse(match["rest"])
    if whole.intent is not None and not whole.repaired:
        return replace(whole, utterance=parse.utterance) if whole.intent not in _NEVER_AN_ANSWER else None
    found = _changed(match["rest"], intent, language, any_word=True)
    return _with(parse, command, found) if found is not None else None


def _changed(text: str, intent: Intent, language: Language, *, any_word: bool) -> dict[str, Json] | None:
    """What of the intent's slots the text says. any_word: of those of which any word may be one, or of the others."""
    for slot in intent.slots:
        if (slot.kind in _ANY_WORD) is any_word:
            for found in _readings(text, slot.kind, intent, language):
                return found
    return None


def _with(parse: Parse, command: Command, found: Mapping[str, Json]) -> Parse:
    """The command with those slots; hyperparameters that were not said again stay."""
    before = command.slots.get("hyperparameters")
    said = found.get("hyperparameters")
    both = {"hyperparameters": {**before, **said}} if isinstance(before, dict) and isinstance(said, dict) else {}
    slots: dict[str, Json] = {**command.slots, **found, **both}
    return replace(parse, intent=command.intent, slots=slots, repaired=False, suggestions=(), heard=parse.heard)
