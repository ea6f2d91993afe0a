"""The pipeline: text to an intent with slots, or to suggestions.

normalise -> numbers -> match -> else repair spelling and match again (marked `repaired`) -> else the nearest sentences.
Nothing fuzzy is ever an answer: suggestions are only offered.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.intents.catalog import BY_NAME, Intent, SlotKind
from bot.language import suggest
from bot.language.clauses import Remark, splits, with_topic
from bot.language.filler import asked_plainly, without_filler
from bot.language.followup import AMEND, amended, answer_reader
from bot.language.grammar import load
from bot.language.matcher import Matcher, Slots
from bot.language.normalise import cut, normalise
from bot.language.numbers import Number, Token, literal, read_numbers, with_numbered_names
from bot.language.repair import Speller
from bot.language.slots import Reader
from bot.language.tokens import tokenise
from bot.language.units import read_units
from models.catalog import Catalogue
from orchestration.builds import Json

Understood = tuple[str, Slots]
MAX_REASON_WORDS = 60
# Questions that differ in what they are about, the more particular first.
_PARTICULAR = (
    "TellMeWhenDone",
    "AuditLog",
    "CompareBuilds",
    "Sweep",
    "Predict",
    "Cost",
    "WhyFailed",
    "Progress",
    "ShowSettings",
    "DescribeDataset",
    "DescribeModel",
    "ListDatasets",
    "ListModels",
    "BuildStatus",
    "BuildDetails",
    "ListBuilds",
    "ListEndpoints",
)
_WHICH = frozenset({SlotKind.BUILD, SlotKind.MODEL, SlotKind.DATASET, SlotKind.ENDPOINT})
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Parse:
    """What a text means. intent is None when it was not understood; then there may be suggestions.

    heard: the sentence as it was understood, with its spelling repaired. was_cut: only its first part was read.
    """

    utterance: str
    intent: str | None = None
    slots: Mapping[str, Json] = field(default_factory=dict)
    repaired: bool = False
    suggestions: tuple[str, ...] = ()
    heard: str = ""
    was_cut: bool = False

    def to_json(self) -> dict[str, Json]:
        """What `sagebuild parse` prints."""
        return {
            "utterance": self.utterance,
            "intent": self.intent,
            "slots": dict(self.slots),
            "repaired": self.repaired,
            "suggestions": list(self.suggestions),
        }


@dataclass(frozen=True)
class _Found:
    """What tokens were understood as. heard: the tokens as a sentence."""

    intent: str
    slots: Slots
    heard: str
    repaired: bool = False


class Language:
    """Understands English about the models of one catalogue. Making one reads and compiles all sentences, once.
    Safe for concurrent use.

    settings: the names of the environment's settings; those of BuildSettings when not given.
    """

    def __init__(self, catalogue: Catalogue, settings: tuple[str, ...] | None = None) -> None:
        self.grammar = grammar = load(catalogue, settings)
        self._phrases = grammar.phrases
        self._matcher = Matcher(grammar)
        self._reader = Reader(grammar.names, grammar.settings)
        self._speller = Speller(grammar.words)
        # What the automaton remembers is made anew now and then, which no other thread may see half done.
        self._lock = threading.RLock()

    def parse(self, text: str) -> Parse:
        """What the text means. Bounded work for any text; never raises."""
        read, was_cut = cut(text)
        if read.strip() and not read.strip(" ?\t\n"):
            read = "help"
        tokens = self.tokens(read)
        found = self._as_request(tokens) or self._as_frame(tokens) or self._with_remarks(read) or self._repaired(tokens)
        if found is None:
            return Parse(text, suggestions=suggest.nearest(written(tokens)), heard=written(tokens), was_cut=was_cut)
        slots = found.slots
        if isinstance(reason := slots.get("reason"), str):
            slots = {**slots, "reason": self._as_written(text, reason)}
        return Parse(text, found.intent, slots, repaired=found.repaired, heard=found.heard, was_cut=was_cut)

    def _as_request(self, tokens: list[Token]) -> _Found | None:
        """The tokens as a sentence: as they are, without filler, or with compound words apart."""
        for said in self._variants(tokens):
            if (found := self._only(said)) is not None:
                return _Found(*found, written(said))
        return None

    def _as_frame(self, tokens: list[Token]) -> _Found | None:
        """The tokens as a request whose parts come in another order than sentences have them. One that changes
        anything must say what it is about, and is asked about first."""
        for said in self._variants(tokens):
            found = self._matcher.frames(said, self._reader.slots)
            intent = _preferred(found)
            if intent:
                slots, changes = found[intent], BY_NAME[intent].changes
                if not (changes and _says_too_little(BY_NAME[intent], slots)):
                    return _Found(intent, slots, written(said), repaired=changes)
        return None

    def _with_remarks(self, text: str) -> _Found | None:
        """The command of a text that says something beside it. One that changes anything is then as good as repaired:
        it is asked about first."""
        for split in splits(text, self._remark):
            tokens = self.tokens(split.command)
            found = self._as_request(tokens) or self._as_frame(tokens)
            if found is not None and BY_NAME[found.intent].listed:  # a bare yes is one only when it is all that is said
                intent = BY_NAME[found.intent]
                slots = with_topic(dict(found.slots), split.about, frozenset(slot.name for slot in intent.slots))
                return replace(found, slots=slots, repaired=intent.changes)
        return None

    def _remark(self, text: str) -> Remark | None:
        found = self._matcher.remarks(self.tokens(text), self._reader.slots)
        if "remark" in found:
            return Remark(found["remark"], is_preamble=False)
        return Remark(found["preamble"], is_preamble=True) if "preamble" in found else None

    def _repaired(self, tokens: Sequence[Token]) -> _Found | None:
        """The sentence that it is with its spelling repaired: with the fewest changes, the nearest."""
        for group in self._speller.repairs(without_filler(tokens), self._matcher.knows):
            meant = [(cost, found, said) for cost, said in group if (found := self._only(said))]
            if meant:
                least = min(cost for cost, *_ in meant)
                nearest = [(found, said) for cost, found, said in meant if cost == least]
                (found, said), *others = nearest
                return None if any(other != found for other, _ in others) else _Found(*found, written(said), True)
        return None

    def fill(self, text: str, intent: str, slot: str) -> Json:
        """The value that a bare answer gives to one slot of an intent ("diabetes", "0.3 1.2", "ten"); None when it is
        no such answer. A text that is a request of its own may be one, too: ask `parse` first.
        """
        asked = BY_NAME[intent].slot(slot)
        tokens = self.tokens(cut(text)[0])
        if asked is None or not tokens:
            return None
        reader = answer_reader(self._reader, asked.kind)
        with self._lock:
            found = self._matcher.answers(tokens, reader).get(asked.kind.value, {})
        value = found.get("answer")
        return self._as_written(text, value) if asked.kind is SlotKind.TEXT and isinstance(value, str) else value

    def amend(self, text: str, intent: str, slots: Mapping[str, Json]) -> dict[str, Json] | None:
        """The slots of a command after a correction ("no, l", "not q, l", "with q 3 instead"); None when the text
        corrects nothing of it. A text that is a request of its own may look like one, too: ask `parse` first.
        """
        tokens = self.tokens(cut(text)[0])
        with self._lock:
            change = self._matcher.answers(tokens, self._reader.slots).get(AMEND) if tokens else None
        return amended(BY_NAME[intent], slots, change) if change else None

    def readings(self, text: str) -> dict[str, Slots]:
        """Every intent that one of the sentences gives the text, without frames, remarks and repair."""
        for said in self._variants(self.tokens(text)):
            if found := self._matcher.requests(said, self._reader.slots):
                return found
        return {}

    def keys(self, text: str) -> list[str]:
        """The text as the automaton sees it: words, and classes of tokens."""
        return self._matcher.keys(self.tokens(text))

    def tokens(self, text: str) -> list[Token]:
        """The words and numbers of a text."""
        return read_units(read_numbers(self._named(tokenise(normalise(text)))))

    def _variants(self, tokens: list[Token]) -> Iterator[list[Token]]:
        """The tokens as they are, asked plainly, without filler, and with compound words apart, as these differ."""
        tried = [tokens]
        yield tokens
        for rewrite in (lambda said: asked_plainly(said, self._matcher.knows), without_filler, self._apart):
            changed = rewrite(tried[-1])
            if changed != tried[-1]:
                tried.append(changed)
                yield changed

    def _apart(self, tokens: Sequence[Token]) -> list[Token]:
        """ "log-scale" as two words, when sentences have both."""
        parts: list[Token] = []
        for token in tokens:
            apart = token.split("-") if isinstance(token, str) and "-" in token else []
            known = all(part.isdigit() or self._matcher.knows(part) for part in apart)
            if apart and known and not self._matcher.knows(str(token)):
                parts += [literal(part) or part for part in apart]
            else:
                parts.append(token)
        return parts

    def _named(self, tokens: list[Token]) -> list[Token]:
        """With one word for names whose words would be read as numbers: "sigma two" is sigma2, "x two" is x2."""
        for phrase, name in self._phrases.items():
            for start in range(len(tokens) - len(phrase) + 1):
                if tuple(tokens[start : start + len(phrase)]) == phrase:
                    tokens = [*tokens[:start], name, *tokens[start + len(phrase) :]]
        return with_numbered_names(tokens)

    def _only(self, tokens: Sequence[Token]) -> Understood | None:
        """The intent and slots, when there is one that is not in contradiction with itself.

        Sentences of two intents that overlap are told apart by nobody, so such a text is not understood; a test holds
        that no sentence does.
        """
        found = self._matcher.requests(tokens, self._reader.slots)
        return next(iter(found.items())) if len(found) == 1 else None

    def _as_written(self, text: str, reason: str) -> str:
        """The end of the text that was read as the reason, with its capitals and signs; as it was read when there is
        no such end."""
        words = list(_WORD.finditer(text))[-MAX_REASON_WORDS:]
        for word in reversed(words):
            if written(self.tokens(text[word.start() :])) == reason:
                return text[word.start() :].strip()
        return reason


def written(tokens: Sequence[Token]) -> str:
    """The tokens as a sentence."""
    return " ".join(token.raw if isinstance(token, Number) else token for token in tokens)


def _preferred(found: Collection[str]) -> str:
    """The one intent; of several that change nothing the more particular one; "" when there is none to choose."""
    if len(found) == 1:
        return next(iter(found))
    if any(BY_NAME[intent].changes for intent in found):
        return ""
    return next((intent for intent in _PARTICULAR if intent in found), "")


def _says_too_little(intent: Intent, slots: Slots) -> bool:
    """Whether a command says not at all what it is about, although it could."""
    says_which = {slot.name for slot in intent.slots if slot.kind in _WHICH}
    return bool(says_which) and not slots
