"""What sentences are made of, once compiled. `compiling.py` makes them from hassil's expressions."""

from __future__ import annotations

from collections.abc import Mapping
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
    """One of many phrases, found by its first word: (the rest of the phrase, what is captured)."""

    index: Mapping[str, tuple[tuple[Node | None, Captured], ...]]


@dataclass(frozen=True, eq=False, slots=True)
class InOrder(Node):
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False, slots=True)
class OneOf(Node):
    """Any of them, the preferred ones first. An empty `InOrder` among them makes it optional."""

    items: tuple[Node, ...]


@dataclass(eq=False, slots=True)
class Rule(Node):
    """A named part. A rule may end with itself, which repeats it."""

    name: str
    order: int = 0  # rules that a rule refers to have a lower one
    body: Node = field(default_factory=lambda: InOrder(()))


@dataclass(frozen=True, eq=False, slots=True)
class End(Node):
    """The end of a sentence with that label."""

    label: int
