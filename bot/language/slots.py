"""What a sentence captured, as slots: plain JSON, in the forms that `SlotKind` in `bot/intents/catalog.py` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.language.matcher import Capture, Match
from bot.language.numbers import Number
from orchestration.builds import Json

Values = list[str | bool | tuple[Number, ...]]


def slots_of(match: Match) -> dict[str, Json] | None:
    """The slots, or None when the sentence contradicts itself ("q 2 and q 3", "build 1.5")."""
    by_name: dict[str, Values] = {}
    for capture in match.captures:
        by_name.setdefault(capture.slot, []).append(capture.value)
    slots: dict[str, Json] = {}
    for name, values in by_name.items():
        if name in _PARTS or name == _IGNORED:
            continue
        slot = _READERS.get(name, _text)(values)
        if slot is None:
            return None
        slots[name] = slot
    for slot_name, first, second in _PAIRED:
        if not by_name.keys().isdisjoint({first, *(_FLAGS if first == "name" else ())}):
            pairs = _pairs(match.captures, first, second)
            if pairs is None or len(dict(pairs)) != len(pairs):
                return None
            slots[slot_name] = dict(pairs)
    return slots


# Slots made of pairs, and the names under which the sentences capture the two halves; "more" goes on with the value
# before it ("nodes 64 and 32"), "on" and "off" are a name with its value ("without batch normalization").
_PAIRED = (("hyperparameters", "name", "value"), ("numbers", "input", "numbers"))
_PARTS = frozenset({"name", "value", "more", "on", "off", "input"})
_FLAGS = {"on": True, "off": False}
_IGNORED = "_"  # what a sentence may say without it making a difference


def _pairs(captures: tuple[Capture, ...], first: str, second: str) -> list[tuple[str, Json]] | None:
    """Name and value in either order, one after the other; None when they do not go in pairs."""
    pairs: list[tuple[str, Json]] = []
    name: str | None = None
    value: Json = None
    for capture in captures:
        if capture.slot in _FLAGS:
            pairs.append((str(capture.value), _FLAGS[capture.slot]))
        elif capture.slot == "more" and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]},{_one(capture.value)}")
        elif capture.slot == first and name is None:
            name = str(capture.value)
        elif capture.slot == second and value is None:
            value = _one(capture.value)
        elif capture.slot in (first, second):
            return None
        if name is not None and value is not None:
            pairs.append((name, value))
            name = value = None
    return None if name is not None or value is not None else pairs


def _one(value: str | bool | tuple[Number, ...]) -> Json:
    """One value; several numbers in a row are a list in the text that `models/catalog.py` parses: "64,32"."""
    if not isinstance(value, tuple):
        return value
    return value[0].value if len(value) == 1 else ",".join(str(number.value) for number in value)


def _text(values: Values) -> Json:
    return values[0] if len({str(value) for value in values}) == 1 and isinstance(values[0], str) else None


def _flag(values: Values) -> Json:
    return values[0] if len(set(values)) == 1 and isinstance(values[0], bool) else None


def _whole(values: Values) -> Json:
    number = values[0][0].value if len(values) == 1 and isinstance(values[0], tuple) else None
    return number if isinstance(number, int) else None


def _build(values: Values) -> Json:
    return _whole(values) if isinstance(values[0], tuple) else _text(values)


def _numbers(values: Values) -> Json:
    return [number for run in values if isinstance(run, tuple) for one in run for number in one.values]


def _dataset(values: Values) -> Json:
    """Datasets are named with hyphens: "the toy linear data" is toy-linear."""
    return "-".join(str(value) for value in values)


_READERS: Mapping[str, Callable[[Values], Json]] = {
    "build": _build,
    "limit": _whole,
    "deploy": _flag,
    "numbers": _numbers,
    "dataset": _dataset,
}
