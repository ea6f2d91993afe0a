"""What a sentence captures from a text that is known to be that sentence: every way to read it, the preferred first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.language.nodes import AnyOf, Captured, Empty, End, InOrder, Node, OneOf, Rule, Values, Word

MAX_READINGS = 32  # of one text as one sentence
MAX_PLACES = 1_000  # remembered of a sentence; when there are more, they are forgotten and made anew


class Taken(int):
    """The place of a token that a class took."""


_TAKES = object()  # stands for the place of the token, which is known only when a text is read


class _Place:
    """A place in the sentence: a node that is to come, and what comes after it. Where a key leads is remembered."""

    __slots__ = ("arcs", "node", "rest")

    def __init__(self, node: Node, rest: _Place | None) -> None:
        self.node, self.rest = node, rest
        self.arcs: dict[str, tuple[_Arc, ...]] = {}


_Arc = tuple[Captured | None, _Place]


class Reader:
    """Reads one sentence. Not safe for concurrent use.

    root: the sentence, which ends with an `End`. classes and default: as `Automaton` takes them.
    """

    def __init__(self, root: Node, classes: Mapping[str, tuple[str, ...]], default: tuple[str, ...]) -> None:
        self._sentence, self._classes, self._default = root, classes, default
        self._forget()

    def _forget(self) -> None:
        self._interned: dict[tuple[int, int], _Place] = {}
        self._root = self._place(self._sentence, None)

    def readings(self, keys: Sequence[str]) -> list[tuple[Captured, ...]]:
        """What the keys capture, at most `MAX_READINGS` different ways, the preferred ones first. A token that a class
        took is captured as `Taken`, its place."""
        if len(self._interned) > MAX_PLACES:
            self._forget()
        path: list[dict[_Place, None]] = [{self._root: None}]
        for key in keys:
            path.append({target: None for place in path[-1] for _, target in self._arcs(place, key)})
        links = _Links()
        after: dict[_Place, list[_Link | None]] = {place: [None] for place in path[-1] if self._ends(place)}
        for index in reversed(range(len(keys))):
            before: dict[_Place, list[_Link | None]] = {}
            for place in path[index]:
                found: dict[_Link | None, None] = {}
                for captured, target in self._arcs(place, keys[index]):
                    if target in after and len(found) < MAX_READINGS:
                        found |= dict.fromkeys(links.before(captured, index, after[target]))
                if found:
                    before[place] = list(found)[:MAX_READINGS]
            after = before
        return [_captures(link) for link in after.get(self._root, ())]

    def _arcs(self, place: _Place, key: str) -> tuple[_Arc, ...]:
        """Where the key leads from a place, with what it captures, in order of preference."""
        known = place.arcs.get(key)
        if known is not None:
            return known
        arcs: list[_Arc] = []
        for node, after in self._first(place.node, place.rest, set()):
            if isinstance(node, End):
                continue
            if after is None:
                raise ValueError("a sentence does not end with an End")
            arcs += self._taken(node, after, key)
        found = place.arcs[key] = tuple(arcs)
        return found

    def _taken(self, node: Node, after: _Place, key: str) -> Iterator[_Arc]:
        """Where the key leads from a leaf."""
        if isinstance(node, Word) and node.text == key:
            yield node.captured, after
        elif isinstance(node, AnyOf) and node.name in self._classes.get(key, self._default):
            yield (node.slot, _TAKES) if node.slot else None, after
        elif isinstance(node, Values):
            for tail, captured in node.index.get(key, ()):
                yield (captured, after) if tail is None else (None, self._place(tail, after))

    def _ends(self, place: _Place) -> bool:
        return any(isinstance(node, End) for node, _ in self._first(place.node, place.rest, set()))

    def _place(self, node: Node, rest: _Place | None) -> _Place:
        key = (id(node), id(rest))
        place = self._interned.get(key)
        if place is None:
            place = self._interned[key] = _Place(node, rest)
        return place

    def _first(
        self, node: Node, rest: _Place | None, seen: set[tuple[int, int]]
    ) -> Iterator[tuple[Node, _Place | None]]:
        """The leaves that may come first in the node, or after it where it may be empty, each with what follows it."""
        if isinstance(node, Word | AnyOf | Values | End):
            yield node, rest
            return
        key = (id(node), id(rest))
        if key in seen:
            return
        seen.add(key)
        if isinstance(node, OneOf):
            for item in node.items:
                yield from self._first(item, rest, seen)
        elif isinstance(node, Rule):
            yield from self._first(node.body, rest, seen)
        elif isinstance(node, InOrder):
            yield from self._first(node.first, self._place(node.rest, rest), seen)
        elif isinstance(node, Empty) and rest is not None:
            yield from self._first(rest.node, rest.rest, seen)


class _Link:
    """What is captured from a place on: the first, then the next link. Links to the same captures are one object, so
    that a long list of them is never compared or hashed."""

    __slots__ = ("captured", "following")

    def __init__(self, captured: Captured, following: _Link | None) -> None:
        self.captured, self.following = captured, following


class _Links:
    """The links of one text."""

    def __init__(self) -> None:
        self._interned: dict[tuple[Captured, int], _Link] = {}

    def before(self, captured: Captured | None, index: int, following: list[_Link | None]) -> list[_Link | None]:
        """The captures of the token at the index, in front of all that may follow."""
        if captured is None:
            return following
        first = (captured[0], Taken(index)) if captured[1] is _TAKES else captured
        return [self._interned.setdefault((first, id(link)), _Link(first, link)) for link in following]


def _captures(link: _Link | None) -> tuple[Captured, ...]:
    found: list[Captured] = []
    while link is not None:
        found.append(link.captured)
        link = link.following
    return tuple(found)
