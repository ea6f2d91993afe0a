"""Words to an intent and what it captured. hassil does the matching; numbers and unknown words go in as placeholders.

A sentence must match in full, word by word: there are no wildcards and no skipped words, so what a sentence does not
say in one of its known forms ("do not start training") is not understood rather than half understood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hassil import recognize_all

from bot.language.grammar import NUMBER, NUMBERS, WORD, Grammar
from bot.language.numbers import Number, Token

MAX_NAME_CHARS = 64  # an endpoint's name has at most 63
MAX_WORDS = 60  # what is longer matches no sentence; it is not tried, so that the work is bounded


@dataclass(frozen=True)
class Capture:
    """What a list of a sentence took: a text, a flag, or numbers."""

    slot: str
    value: str | bool | tuple[Number, ...]


@dataclass(frozen=True)
class Match:
    """The intent that the words mean, with what was captured in the order of the sentence."""

    intent: str
    captures: tuple[Capture, ...]


class Matcher:
    """Matches tokens with a grammar. Safe for concurrent use."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    def match(self, tokens: Sequence[Token]) -> list[Match]:
        """Every different intent that the tokens may mean: none, one, or more when the sentences overlap.

        Numbers in a row are first taken together ("predict 1 2"), then one by one ("batch size 64, 50 epochs").
        """
        together = self._match(_Encoding(tokens, self._grammar.words, together=True))
        return together or self._match(_Encoding(tokens, self._grammar.words, together=False))

    def _match(self, encoding: _Encoding) -> list[Match]:
        if encoding.is_too_long:
            return []
        found: dict[str, Match] = {}
        for result in recognize_all(" ".join(encoding.words), self._grammar.intents):
            if result.intent.name not in found:
                captures = (Capture(entity.name, encoding.decode(entity.value)) for entity in result.entities_list)
                found[result.intent.name] = Match(result.intent.name, tuple(captures))
        return list(found.values())

    def knows(self, word: str) -> bool:
        """Whether some sentence has the word."""
        return word in self._grammar.words


class _Encoding:
    """Tokens as the words that hassil sees, and the way back."""

    def __init__(self, tokens: Sequence[Token], known: frozenset[str], *, together: bool) -> None:
        self.words: list[str] = []
        self._meaning: dict[str, str | tuple[Number, ...]] = {}
        self._free = {NUMBER: iter(NUMBER), NUMBERS: iter(NUMBERS), WORD: iter(WORD)}
        self._has_run_out = False
        index = 0
        while index < len(tokens) and not self.is_too_long:
            token = tokens[index]
            end = index + 1
            if isinstance(token, Number):
                while together and end < len(tokens) and isinstance(tokens[end], Number):
                    end += 1
                run = tuple(number for number in tokens[index:end] if isinstance(number, Number))
                self._stand_in(NUMBER if len(run) == 1 else NUMBERS, run)
            elif token in known:
                self.words.append(token)
            elif len(token) <= MAX_NAME_CHARS:
                self._stand_in(WORD, token)
            else:
                self._has_run_out = True
            index = end

    @property
    def is_too_long(self) -> bool:
        """Whether it has more or longer words, or more numbers, than any sentence."""
        return self._has_run_out or len(self.words) > MAX_WORDS

    def _stand_in(self, names: tuple[str, ...], meaning: str | tuple[Number, ...]) -> None:
        name = next(self._free[names], None)
        if name is None:
            self._has_run_out = True
            return
        self.words.append(name)
        self._meaning[name] = meaning

    def decode(self, value: object) -> str | bool | tuple[Number, ...]:
        if isinstance(value, bool):
            return value
        return self._meaning.get(str(value), str(value))
