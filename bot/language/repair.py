"""Misspelt words: each unknown word may stand for a known one that is a slip away.

What is repaired is marked, and a repaired command that changes anything is confirmed before it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice, product

from rapidfuzz.distance import OSA

from bot.language.numbers import Token

MIN_SIMILARITY = 0.75  # one slip in 4 to 7 letters, two from 8
MIN_LETTERS = 4
MAX_REPAIRED = 3  # words of one sentence
MAX_CANDIDATES = 5  # known words tried for each
MAX_UNKNOWN = 6  # a sentence with more unknown words is not a slip of the finger
LENGTH_COST = 0.01
MAX_TRIED = 40  # sentences with the same number of changed words


class Speller:
    """Knows the words of the sentences."""

    def __init__(self, words: frozenset[str]) -> None:
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(word for word in words if word.isalpha() and len(word) > 2):
            self._by_letter.setdefault(word[0], []).append(word)

    def candidates(self, word: str) -> list[tuple[float, str]]:
        """The known words that it may be, each with how far it is, the nearest first.

        The first letter must be right, or swapped with the second: slips there are rare, and "untrain" is not "train".
        """
        near = (
            (OSA.normalized_similarity(word, known), known)
            for letter in dict.fromkeys(word[:2])
            for known in self._by_letter.get(letter, ())
            if abs(len(known) - len(word)) <= 2 and _same_start(word, known)
        )
        # Of two that are as near, letters are sooner swapped than left out: "stauts" is "status" before "stats".
        far = sorted(
            (1 - similarity + LENGTH_COST * abs(len(known) - len(word)), known)
            for similarity, known in near
            if _is_slip(word, known, similarity)
        )
        return far[:MAX_CANDIDATES]

    def repairs(
        self, tokens: Sequence[Token], is_known: Callable[[str], bool]
    ) -> Iterator[list[tuple[float, list[Token]]]]:
        """Repaired sentences with how far they are from what was written, in groups with the same number of changed
        words, the fewest changes first."""
        unknown = [index for index, token in enumerate(tokens) if isinstance(token, str) and not is_known(token)]
        if len(unknown) > MAX_UNKNOWN:
            return
        options = {index: self.candidates(str(tokens[index])) for index in unknown}
        repairable = [index for index in unknown if options[index]]
        for count in range(1, min(MAX_REPAIRED, len(repairable)) + 1):
            changes = (
                dict(zip(chosen, words, strict=True))
                for chosen in combinations(repairable, count)
                for words in product(*(options[index] for index in chosen))
            )
            yield [
                (sum(cost for cost, _ in change.values()), _replaced(tokens, change))
                for change in islice(changes, MAX_TRIED)
            ]


def _same_start(word: str, known: str) -> bool:
    return word[0] == known[0] or word[:2] == known[1::-1]


def _is_slip(word: str, known: str, similarity: float) -> bool:
    if not word.isalpha():
        return False
    if len(word) < MIN_LETTERS or len(known) < MIN_LETTERS:
        return len(word) == 3 and sorted(word) == sorted(known)  # "teh"
    return similarity >= MIN_SIMILARITY


def _replaced(tokens: Sequence[Token], changes: dict[int, tuple[float, str]]) -> list[Token]:
    return [changes[index][1] if index in changes else token for index, token in enumerate(tokens)]
