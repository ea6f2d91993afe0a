"""What sentences are made of, once compiled. `compiling.py` makes them from hassil's expressions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

Captured = tuple[str, object]  # slot and value


class Node:
    """A part of a sentence. Nodes are the same only when they are one object."""

    __slots__ = ()


@dataclass(frozen=True, eq=False, slots=True)
class Word(Node):
    """One word. captured: (slot, value) when having read it captures that."""

    text: str
    captured: Captured | None = None


@dataclass(frozen=True, eq=False, slots=True)
class AnyOf(Node):
    """Any one token of a class, which the slot captures; "" captures nothing."""

    name: str
    slot: str


@dataclass(frozen=True, eq=False, slots=True)
class Values(Node):
    """One of many phrases, found by its first word: (the rest of the phrases that begin so, what is captured)."""

    index: Mapping[str, tuple[tuple[Node | None, Captured | None], ...]]


@dataclass(frozen=True, eq=False, slots=True)
class Empty(Node):
    """No word at all: what makes a part optional."""


@dataclass(frozen=True, eq=False, slots=True)
class InOrder(Node):
    """One part, then the rest."""

    first: Node
    rest: Node


@dataclass(frozen=True, eq=False, slots=True)
class OneOf(Node):
    """Any of them, the preferred ones first."""

    items: tuple[Node, ...]


@dataclass(eq=False, slots=True)
class Rule(Node):
    """A named part. A rule may end with itself, which repeats it."""

    name: str
    order: int = 0  # rules that a rule refers to have a lower one
    body: Node = field(default_factory=Empty)


@dataclass(frozen=True, eq=False, slots=True)
class End(Node):
    """The end of a sentence with that label."""

    label: int


EMPTY = Empty()


def in_order(items: Sequence[Node]) -> Node:
    """One after the other."""
    made: Node = EMPTY
    for item in reversed([item for item in items if item is not EMPTY]):
        made = item if made is EMPTY else InOrder(item, made)
    return made


def one_of(items: Sequence[Node]) -> Node:
    """Any of them. Those that are nothing but words are looked up by the first one, all at once."""
    flat = [part for item in items for part in (item.items if isinstance(item, OneOf) else (item,))]
    phrases = {" ".join(words): None for item in flat if (words := _words_of(item))}
    others = list(dict.fromkeys(item for item in flat if not _words_of(item)))
    plain = [values(phrases)] if phrases else []
    return OneOf((*plain, *others)) if len(plain) + len(others) != 1 else (*plain, *others)[0]


def values(phrases: Mapping[str, Captured | None]) -> Values:
    """Phrases, each with what it captures, as a tree of their words in which equal branches are one."""
    return _tree({tuple(phrase.split()): captured for phrase, captured in phrases.items()}, {})


_Tails = tuple[tuple[Node | None, Captured | None], ...]


def _tree(phrases: Mapping[tuple[str, ...], Captured | None], known: dict[Hashable, Values]) -> Values:
    ends: dict[str, Captured | None] = {}
    longer: dict[str, dict[tuple[str, ...], Captured | None]] = {}
    for (first, *others), captured in phrases.items():
        if others:
            longer.setdefault(first, {})[tuple(others)] = captured
        else:
            ends[first] = captured
    index: dict[str, _Tails] = {}
    for first in dict.fromkeys((*longer, *ends)):  # the longer phrase is preferred
        tails: _Tails = ((_tree(longer[first], known), None),) if first in longer else ()
        index[first] = (*tails, (None, ends[first])) if first in ends else tails
    key = tuple((first, tuple((id(tail), captured) for tail, captured in tails)) for first, tails in index.items())
    return known.setdefault(key, Values(index))


def _words_of(node: Node) -> list[str]:
    """The words of a node that is nothing but words, in order; none for another."""
    if isinstance(node, Word):
        return [node.text] if node.captured is None else []
    if isinstance(node, InOrder):
        first, rest = _words_of(node.first), _words_of(node.rest)
        return [*first, *rest] if first and rest else []
    return []
