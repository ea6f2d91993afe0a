"""The pipeline: text to an intent with slots, or to suggestions.

normalise -> numbers -> match -> else repair spelling and match again (marked `repaired`) -> else the nearest sentences.
Nothing fuzzy is ever an answer: suggestions are only offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.intents.catalog import BY_NAME
from bot.language import suggest
from bot.language.grammar import load
from bot.language.matcher import Match, Matcher
from bot.language.normalise import cut, normalise, without_politeness
from bot.language.numbers import Number, Token, read_numbers
from bot.language.repair import Speller
from bot.language.slots import slots_of
from bot.language.tokens import tokenise
from models.catalog import Catalogue
from orchestration.builds import Json


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
    """Understands English about the models of one catalogue. Making one reads and compiles all sentences, once."""

    def __init__(self, catalogue: Catalogue) -> None:
        grammar = load(catalogue)
        self._names = grammar.names
        self._matcher = Matcher(grammar)
        self._speller = Speller(grammar.words)

    def parse(self, text: str) -> Parse:
        """What the text means. Bounded work for any text; never raises."""
        read, was_cut = cut(text)
        if read.strip() and not read.strip(" ?\t\n"):
            read = "help"
        whole = tokenise(normalise(read))
        tokens = self._read(without_politeness(whole))
        # What is polite filler elsewhere may be all that is said: "please do", "not now", "ok".
        for said in [tokens] if len(tokens) == len(whole) else [self._read(whole), tokens]:
            if (found := self._only(self._matcher.match(said))) is not None:
                return _understood(text, found, said, was_cut, repaired=False)
        for group in self._speller.repairs(tokens, self._matcher.knows):
            meant = [(found, repaired) for repaired in group if (found := self._only(self._matcher.match(repaired)))]
            if meant:
                if len({found[0] for found, _ in meant}) == 1:
                    found, repaired = meant[0]
                    return _understood(text, found, repaired, was_cut, repaired=True)
                break
        return Parse(text, suggestions=suggest.nearest(written(tokens)), heard=written(tokens), was_cut=was_cut)

    def _read(self, tokens: Sequence[Token]) -> list[Token]:
        return read_numbers(self._named(list(tokens)))

    def _named(self, tokens: list[Token]) -> list[Token]:
        """With one word for names whose words would be read as numbers: "sigma two 0.1" is sigma2, then 0.1."""
        for phrase, name in self._names.items():
            for start in range(len(tokens) - len(phrase) + 1):
                if tuple(tokens[start : start + len(phrase)]) == phrase:
                    tokens = [*tokens[:start], name, *tokens[start + len(phrase) :]]
        return tokens

    @staticmethod
    def _only(matches: Iterable[Match]) -> tuple[str, Mapping[str, Json]] | None:
        """The intent and slots, when there is one that is not in contradiction with itself.

        Sentences of two intents that overlap are told apart by nobody, so such a text is not understood; a test holds
        that no sentence does.
        """
        candidates = [(match.intent, slots) for match in matches if (slots := slots_of(match)) is not None]
        return candidates[0] if len(candidates) == 1 and candidates[0][0] in BY_NAME else None


def written(tokens: Sequence[Token]) -> str:
    """The tokens as a sentence."""
    return " ".join(token.raw if isinstance(token, Number) else token for token in tokens)


def _understood(
    text: str, found: tuple[str, Mapping[str, Json]], tokens: Sequence[Token], was_cut: bool, *, repaired: bool
) -> Parse:
    intent, slots = found
    return Parse(text, intent, slots, repaired=repaired, heard=written(tokens), was_cut=was_cut)
