"""hassil's expressions to the nodes of `nodes.py`: rules and lists resolved, words separated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, pairwise

from hassil import (
    Alternative,
    Expression,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    Sequence,
    TextChunk,
    TextSlotList,
    sample_expression,
)

from bot.language.nodes import EMPTY, AnyOf, InOrder, Node, OneOf, Rule, Values, Word, in_order, one_of, values

Phrases = Mapping[str, object]  # what is said, to what is captured

MAX_PERMUTED = 4


class BadSentences(ValueError):
    """The sentences name a rule or a list that there is not, or are not in the form that is read here."""


class Compiler:
    """Compiles expressions with the rules and lists of one scope. Rules see those of their own scope and the outer one.

    classes: names of lists that take any one token of a class. phrases: every other list. named: those of them whose
    words are names, not words of the sentences.
    """

    def __init__(
        self,
        rules: Mapping[str, Sentence],
        phrases: Mapping[str, Phrases],
        classes: frozenset[str],
        outer: Compiler | None = None,
        named: frozenset[str] = frozenset(),
    ) -> None:
        self._named = named
        self._sentences, self._phrases, self._classes, self._outer = rules, phrases, classes, outer
        self._rules: dict[str, Rule] = {}
        self._values: dict[tuple[str, str], Values] = {}
        self._open: list[str] = []  # the rules that are being compiled
        self._own_words: set[str] = set()
        self._orders: Iterator[int] = count(1) if outer is None else outer._orders
        if outer is not None and (shadowed := {name for name in rules if outer.has(name)}):
            raise BadSentences(f"the rules {sorted(shadowed)} are shared ones already")

    @property
    def words(self) -> set[str]:
        """Every word that is written out in a sentence or rule that was compiled, in whatever scope."""
        return self._outer.words if self._outer else self._own_words

    def has(self, rule: str) -> bool:
        """Whether it knows a rule of that name."""
        return rule in self._sentences or (self._outer is not None and self._outer.has(rule))

    def rule(self, name: str) -> Rule:
        """The rule of that name. Raises BadSentences."""
        return self._rule(name, is_last=True)

    def compile(self, expression: Expression, *, is_last: bool = True) -> Node:
        """The node. is_last: whether a rule that it belongs to ends with it. Raises BadSentences."""
        if isinstance(expression, TextChunk):
            found = expression.text.split()
            self.words.update(found)
            return in_order([Word(word) for word in found])
        if isinstance(expression, RuleReference):
            return self._rule(expression.rule_name, is_last=is_last)
        if isinstance(expression, ListReference):
            return self._list(expression.list_name, expression.slot_name)
        if isinstance(expression, Alternative):
            return one_of([self.compile(item, is_last=is_last) for item in expression.items])
        if isinstance(expression, Permutation):
            if len(expression.items) > MAX_PERMUTED:
                raise BadSentences(f"more than {MAX_PERMUTED} parts in any order")
            return _any_order([self.compile(item, is_last=False) for item in expression.items])
        if isinstance(expression, Sequence):
            _check_spaces(expression)
            items = [item for item in expression.items if not isinstance(item, TextChunk) or item.text.strip()]
            last = len(items) - 1
            return in_order([self.compile(item, is_last=is_last and place == last) for place, item in enumerate(items)])
        raise BadSentences(f"{expression} is not read here")

    def _rule(self, name: str, *, is_last: bool) -> Rule:
        if name not in self._sentences:
            if self._outer is None:
                raise BadSentences(f"there is no rule <{name}>")
            return self._outer._rule(name, is_last=is_last)
        if name in self._open and not (is_last and self._open[-1] == name):
            raise BadSentences(f"the rule <{name}> may have itself only at its end")
        rule = self._rules.get(name)
        if rule is None:
            rule = self._rules[name] = Rule(name)
            self._open.append(name)
            rule.body = self.compile(self._sentences[name].expression)
            rule.order = next(self._orders)
            self._open.pop()
        return rule

    def _list(self, name: str, slot: str) -> Node:
        if name in self._classes:
            return AnyOf(name, slot.strip("_"))
        if name not in self._phrases:
            if self._outer is None:
                raise BadSentences(f"there is no list {{{name}}}")
            return self._outer._list(name, slot)
        key = (name, slot)
        if key not in self._values:
            if name not in self._named:
                self.words.update(word for said in self._phrases[name] for word in said.split())
            self._values[key] = values({said: (slot, value) for said, value in self._phrases[name].items()})
        return self._values[key]


def phrases_of(slot_list: TextSlotList, rules: dict[str, Sentence]) -> Phrases:
    """What a list of the files may be said as, with its templates written out."""
    return {
        " ".join(text.split()): value.value_out
        for value in slot_list.values
        for text in sample_expression(value.text_in, {}, rules)
    }


def may_be_empty(node: Node) -> bool:
    """Whether a sentence can be made of it without a word."""
    if isinstance(node, InOrder):
        return may_be_empty(node.first) and may_be_empty(node.rest)
    if isinstance(node, OneOf):
        return any(may_be_empty(item) for item in node.items)
    return node is EMPTY or (isinstance(node, Rule) and may_be_empty(node.body))


def _any_order(items: list[Node]) -> Node:
    if len(items) == 1:
        return items[0]
    return one_of(
        [in_order([item, _any_order(items[:place] + items[place + 1 :])]) for place, item in enumerate(items)]
    )


def _check_spaces(sequence: Sequence) -> None:
    """Words are whole here: "build[s]" would be read as "build s", so it is refused."""
    for one, other in pairwise(sequence.items):
        if not _has_space(one, -1) and not _has_space(other, 0):
            raise BadSentences(f"no space between {one} and {other}")


def _has_space(item: Expression, place: int) -> bool:
    return isinstance(item, TextChunk) and (not item.text or item.text[place].isspace())
