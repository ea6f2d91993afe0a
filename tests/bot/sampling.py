"""Random sentences of the grammar, as a person could write them."""

from __future__ import annotations

import random

from bot.language.grammar import Grammar, Sentence
from bot.language.nodes import AnyOf, Empty, InOrder, Node, OneOf, Rule, Values, Word

UNKNOWN_WORDS = ("housing", "x1", "wobble", "abalone", "foo-bar", "my-data2")
MAX_REPEATS = 2


class Sampler:
    """Makes sentences. The same seed makes the same ones."""

    def __init__(self, grammar: Grammar, seed: int) -> None:
        self._grammar, self._random = grammar, random.Random(seed)
        self._depth: dict[str, int] = {}

    def sentence(self, sentence: Sentence) -> str:
        return " ".join(self._words(sentence.node))

    def _words(self, node: Node) -> list[str]:
        if isinstance(node, Word):
            return [node.text]
        if isinstance(node, AnyOf):
            return [self._token(node.name)]
        if isinstance(node, Values):
            return self._phrase(node)
        if isinstance(node, InOrder):
            return self._words(node.first) + self._words(node.rest)
        if isinstance(node, OneOf):
            return self._words(self._random.choice(node.items))
        if isinstance(node, Empty):
            return []
        assert isinstance(node, Rule)
        depth = self._depth.get(node.name, 0)
        if depth >= MAX_REPEATS:
            return []  # only what repeats itself comes here, and it may be left out
        self._depth[node.name] = depth + 1
        words = self._words(node.body)
        self._depth[node.name] = depth
        return words

    def _phrase(self, node: Values) -> list[str]:
        first = self._random.choice(list(node.index))
        tail, _ = self._random.choice(node.index[first])
        phrase = [first, *(self._words(tail) if tail else [])]
        # "sigma two" is put together before numbers are read; test_parse.py has these names.
        return self._phrase(node) if tuple(phrase) in self._grammar.phrases else phrase

    def _token(self, name: str) -> str:
        if name == "number":
            return str(self._random.randint(1, 40))
        return {
            "percent": "30 percent",
            "duration": self._random.choice(["2 hours", "45 minutes"]),
            "instance": "ml.m5.xlarge",
            "hyphened": "local-gp-toy",
            "any": self._random.choice(["metrics", "bad", "wobbly"]),
        }.get(name) or self._random.choice(UNKNOWN_WORDS)
