"""Which sentences a text may be: an automaton over words that is made deterministic as it is used.

hassil's own matcher tries one template after another and keeps every partial match, which explodes with optional parts.
Here all templates are read at once, word by word, and each step is remembered: reading n words takes n look-ups when
something like it was read before. There are no wildcards and no skipped words: every word must be one that a template
has at that place. What a sentence captures is found by `reading.py`, which then needs to look at that sentence alone.

Where several sentences go on with the same rule, the rule is entered once, with the union of what comes after it (the
shared stack of a generalised LR parser); otherwise each "the" would lead to ten thousand places.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from bot.language.nodes import AnyOf, Empty, End, InOrder, Node, OneOf, Rule, Values, Word

MAX_REMEMBERED = 20_000  # steps; when there are more, all are forgotten and made anew


class _After:
    """What comes after a node: the continuations, any of which may follow. Those with the same ones are one object."""

    __slots__ = ("steps",)

    def __init__(self, steps: tuple[_Step, ...]) -> None:
        self.steps = steps


_Step = tuple[Node, "_After | None"]  # a node, and what comes after it; None: nothing


class _State:
    """What may come next, and the states that were reached from it so far."""

    __slots__ = ("classes", "labels", "moves", "values", "words")

    def __init__(self) -> None:
        self.labels: set[int] = set()
        self.words: dict[str, dict[_After, None]] = {}
        self.classes: dict[str, dict[_After, None]] = {}
        self.values: list[tuple[Values, _After]] = []
        self.moves: dict[str, _State] = {}

    @property
    def is_dead(self) -> bool:
        """Whether nothing that begins so is a sentence."""
        return not (self.labels or self.words or self.classes or self.values)


class Automaton:
    """Reads keys: words, or names of classes of tokens. Not safe for concurrent use.

    root: everything that may be said; each sentence ends with an `End`. classes: the classes that a key belongs to.
    default: those of every other key.
    """

    def __init__(self, root: Node, classes: Mapping[str, tuple[str, ...]], default: tuple[str, ...]) -> None:
        self._root, self._classes, self._default = root, classes, default
        self._forget()

    def _forget(self) -> None:
        self._remembered = 0
        self._afters: dict[Hashable, _After] = {}
        self._states: dict[frozenset[_After], _State] = {}
        self._start = self._state([self._after([(self._root, None)])])

    def labels(self, keys: Sequence[str]) -> list[int]:
        """The labels of the sentences that the keys are, in order."""
        if self._remembered > MAX_REMEMBERED:
            self._forget()
        state = self._start
        for key in keys:
            state = state.moves.get(key) or self._move(state, key)
            if state.is_dead:
                return []
        return sorted(state.labels)

    def _move(self, state: _State, key: str) -> _State:
        reached = dict(state.words.get(key, {}))
        for name in self._classes.get(key, self._default):
            reached |= state.classes.get(name, {})
        for values, after in state.values:
            for tail, _ in values.index.get(key, ()):
                reached[after if tail is None else self._after([(tail, after)])] = None
        found = state.moves[key] = self._state(reached)
        self._remembered += 1
        return found

    def _after(self, steps: Iterable[_Step]) -> _After:
        different = {(id(node), id(after)): (node, after) for node, after in steps}
        key = frozenset(different) if len(different) != 1 else next(iter(different))
        found = self._afters.get(key)
        if found is None:
            found = self._afters[key] = _After(tuple(different.values()))
        return found

    def _state(self, afters: Iterable[_After]) -> _State:
        key = frozenset(afters)
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = _State()
            self._open(state, [step for after in afters for step in after.steps])
        return state

    def _open(self, state: _State, steps: list[_Step]) -> None:
        """Collect what may come first: the steps themselves, and rules from the outside to the inside, so that all that
        may follow a rule is known when it is entered."""
        calls: dict[Rule, list[_Step]] = {}
        seen: set[tuple[int, int]] = set()
        while True:
            while steps:
                node, after = steps.pop()
                key = (id(node), id(after))
                if key in seen:
                    continue
                seen.add(key)
                if isinstance(node, Rule):
                    calls.setdefault(node, []).extend(after.steps if after else ())
                elif isinstance(node, OneOf):
                    steps += [(item, after) for item in node.items]
                elif isinstance(node, InOrder):
                    steps.append((node.first, self._after([(node.rest, after)])))
                elif isinstance(node, Empty):
                    steps += after.steps if after else ()
                else:
                    self._leaf(state, node, after)
            if not calls:
                return
            rule = max(calls, key=lambda one: one.order)
            steps.append((rule.body, self._after(calls.pop(rule))))

    def _leaf(self, state: _State, node: Node, after: _After | None) -> None:
        if isinstance(node, End):
            state.labels.add(node.label)
        elif after is None:
            raise ValueError("a sentence does not end with an End")
        elif isinstance(node, Word):
            state.words.setdefault(node.text, {})[after] = None
        elif isinstance(node, AnyOf):
            state.classes.setdefault(node.name, {})[after] = None
        elif isinstance(node, Values):
            state.values.append((node, after))
