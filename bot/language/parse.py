"""The pipeline: text to an intent with slots, or to suggestions.

normalise -> numbers -> match -> else repair spelling and match again (marked `repaired`) -> else the nearest sentences.
Nothing fuzzy is ever an answer: suggestions are only offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.intents.catalog import BY_NAME
from bot.language import suggest
from bot.language.grammar import load
from bot.language.matcher import Matcher
from bot.language.normalise import cut, normalise, without_filler
from bot.language.numbers import Number, Token, literal, read_numbers
from bot.language.repair import Speller
from bot.language.slots import Reader
from bot.language.tokens import tokenise
from bot.language.units import read_units
from models.catalog import Catalogue
from orchestration.builds import Json

Understood = tuple[str, Mapping[str, Json]]
MAX_REASON_WORDS = 60
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


class Language:
    """Understands English about the models of one catalogue. Making one reads and compiles all sentences, once.

    settings: the names of the environment's settings; those of BuildSettings when not given.
    """

    def __init__(self, catalogue: Catalogue, settings: tuple[str, ...] | None = None) -> None:
        grammar = load(catalogue, settings)
        self._phrases = grammar.phrases
        self._matcher = Matcher(grammar)
        self._reader = Reader(grammar.names, grammar.settings)
        self._speller = Speller(grammar.words)

    def parse(self, text: str) -> Parse:
        """What the text means. Bounded work for any text; never raises."""
        read, was_cut = cut(text)
        if read.strip() and not read.strip(" ?\t\n"):
            read = "help"
        tokens = self.tokens(read)
        for said in self._variants(tokens):
            if (found := self._only(said)) is not None:
                return self._understood(text, found, said, was_cut, repaired=False)
        plain = without_filler(tokens)
        for group in self._speller.repairs(plain, self._matcher.knows):
            meant = [(found, repaired) for repaired in group if (found := self._only(repaired))]
            if meant:
                if len({found[0] for found, _ in meant}) == 1:
                    found, repaired = meant[0]
                    return self._understood(text, found, repaired, was_cut, repaired=True)
                break
        return Parse(text, suggestions=suggest.nearest(written(tokens)), heard=written(tokens), was_cut=was_cut)

    def tokens(self, text: str) -> list[Token]:
        """The words and numbers of a text."""
        return read_units(read_numbers(self._named(tokenise(normalise(text)))))

    def _variants(self, tokens: list[Token]) -> Iterator[list[Token]]:
        """The tokens as they are, without filler, and with compound words apart, as far as these differ."""
        tried = [tokens]
        yield tokens
        for rewrite in (without_filler, self._apart):
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
        """With one word for names whose words would be read as numbers: "sigma two 0.1" is sigma2, then 0.1."""
        for phrase, name in self._phrases.items():
            for start in range(len(tokens) - len(phrase) + 1):
                if tuple(tokens[start : start + len(phrase)]) == phrase:
                    tokens = [*tokens[:start], name, *tokens[start + len(phrase) :]]
        return tokens

    def _only(self, tokens: Sequence[Token]) -> Understood | None:
        """The intent and slots, when there is one that is not in contradiction with itself.

        Sentences of two intents that overlap are told apart by nobody, so such a text is not understood; a test holds
        that no sentence does.
        """
        found = self._matcher.requests(tokens, self._reader.slots)
        return next(iter(found.items())) if len(found) == 1 else None

    def _understood(
        self, text: str, found: Understood, tokens: Sequence[Token], was_cut: bool, *, repaired: bool
    ) -> Parse:
        intent, slots = found
        if isinstance(reason := slots.get("reason"), str):
            slots = {**slots, "reason": self._as_written(text, reason)}
        return Parse(text, intent, slots, repaired=repaired, heard=written(tokens), was_cut=was_cut)

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
