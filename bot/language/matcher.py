"""Words to an intent and what it captured. Numbers and words that no sentence has go in as classes of tokens.

A sentence must match in full, word by word: there are no wildcards and no skipped words, so what a sentence does not
say in one of its known forms ("do not start training") is not understood rather than half understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.language import grammar
from bot.language.grammar import Grammar, Sentence, Sentences
from bot.language.nodes import Captured
from bot.language.numbers import PERCENT, SECONDS, Number, Token
from bot.language.reading import Taken
from orchestration.builds import Json

MAX_NAME_CHARS = 64  # an endpoint's name has at most 63
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_UNITS = {PERCENT: grammar.PERCENT, SECONDS: grammar.DURATION}


@dataclass(frozen=True)
class Capture:
    """What a list of a sentence took: a text, a flag, or a number."""

    slot: str
    value: str | bool | Number


@dataclass(frozen=True)
class Match:
    """The intent that the words mean, with what was captured in the order of the sentence."""

    intent: str
    captures: tuple[Capture, ...]


Slots = dict[str, Json]
SlotsOf = Callable[[Match], Slots | None]


class Matcher:
    """Matches tokens with a grammar. Not safe for concurrent use."""

    def __init__(self, compiled: Grammar) -> None:
        self._grammar = compiled

    def requests(self, tokens: Sequence[Token], slots_of: SlotsOf) -> dict[str, Slots]:
        """The intents that the tokens may mean, with their slots; of several ways to read them as one intent the
        preferred one that has slots."""
        return self._understood(self._grammar.requests, tokens, slots_of)

    def frames(self, tokens: Sequence[Token], slots_of: SlotsOf) -> dict[str, Slots]:
        """The same for requests whose parts come in any order."""
        return self._understood(self._grammar.frames, tokens, slots_of)

    def answers(self, tokens: Sequence[Token], slots_of: SlotsOf) -> dict[str, Slots]:
        """The same for an answer to a question, by the names in `bot/intents/en-US/answers/`."""
        return self._understood(self._grammar.answers, tokens, slots_of)

    def remarks(self, tokens: Sequence[Token], slots_of: SlotsOf) -> dict[str, Slots]:
        """The same for what is said beside a command."""
        return self._understood(self._grammar.remarks, tokens, slots_of)

    def knows(self, word: str) -> bool:
        """Whether some sentence has the word."""
        return word in self._grammar.words

    def keys(self, tokens: Sequence[Token]) -> list[str]:
        """The tokens as the automaton sees them: words, and classes of tokens."""
        return [self._key(token) for token in tokens]

    def _understood(self, sentences: Sentences, tokens: Sequence[Token], slots_of: SlotsOf) -> dict[str, Slots]:
        keys = self.keys(tokens)
        found: dict[str, Slots] = {}
        for label in sentences.recogniser.labels(keys):
            sentence = sentences.all[label]
            if sentence.intent in found:
                continue
            for captures in sentences.readers[label].readings(keys):
                slots = slots_of(_match(sentence, captures, tokens))
                if slots is not None:
                    found[sentence.intent] = slots
                    break
        return found

    def _key(self, token: Token) -> str:
        if isinstance(token, Number):
            return _UNITS.get(token.unit, grammar.NUMBER)
        if token in self._grammar.words:
            return token
        if len(token) > MAX_NAME_CHARS:
            return grammar.LONG
        if _INSTANCE.fullmatch(token):
            return grammar.INSTANCE
        if "-" not in token:
            return grammar.WORD
        has_model = any(part in self._grammar.names.models for part in token.split("-"))
        return grammar.ENDPOINT if has_model else grammar.HYPHENED


def _match(sentence: Sentence, captures: Sequence[Captured], tokens: Sequence[Token]) -> Match:
    said = (_said(slot, value, tokens) for slot, value in captures)
    return Match(sentence.intent, (*said, *(Capture(slot, value) for slot, value in sentence.slots.items())))


def _said(slot: str, value: object, tokens: Sequence[Token]) -> Capture:
    if isinstance(value, Taken):
        return Capture(slot, tokens[value])
    return Capture(slot, value if isinstance(value, bool) else str(value))
