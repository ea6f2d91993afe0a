"""What a sentence captured, as slots: plain JSON, in the forms that `SlotKind` in `bot/intents/kinds.py` says.

hyperparameters.py reads those that are made of names and values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.intents.catalog import BY_NAME, SlotKind
from bot.language.hyperparameters import Contradiction, pairs, ranges, settings
from bot.language.matcher import Capture, Match, Slots
from bot.language.names import Names
from bot.language.numbers import PERCENT, SECONDS, Number
from bot.language.settings import setting_of
from orchestration.builds import Json

Values = list[str | bool | Number]
_IGNORED = frozenset({"", "_"})  # what a sentence may say without it making a difference
_SETTING_PARTS = frozenset({"name", "value", "more", "on", "off", "each", "more_each", "chosen", "zero"})
_VALUES = frozenset({"value", "on", "off", "chosen", "zero"})
_RANGE_PARTS = frozenset({"name", "low", "high", "scale"})
_SEPARATE = _SETTING_PARTS | _RANGE_PARTS | {"input", "other", "numbers"}


class Reader:
    """Makes slots of matches. names: of the catalogue. spoken: the environment's settings, by what they are called."""

    def __init__(self, names: Names, spoken: Mapping[str, str]) -> None:
        self._names, self.spoken = names, dict(spoken)

    def slots(self, match: Match) -> Slots | None:
        """The slots, or None when the sentence contradicts itself ("q 2 and q 3", "build 1.5")."""
        captures = tuple(capture for capture in match.captures if capture.slot not in _IGNORED)
        try:
            slots = self._composed(match.intent, captures) | self._plain(match.intent, captures)
        except Contradiction:
            return None
        known = BY_NAME.get(match.intent)
        # Shared rules may capture what an intent has no use for: "what does a spot training cost".
        return {name: value for name, value in slots.items() if known.slot(name)} if known else slots

    def _composed(self, intent: str, captures: tuple[Capture, ...]) -> Slots:
        """The slots that are made of several captures."""
        known = BY_NAME.get(intent)
        slots = {capture.slot for capture in captures}
        made: Slots = {}
        if known.slot("hyperparameters") if known else slots & _VALUES:
            made["hyperparameters"] = settings(captures, self._names)
        elif known.slot("ranges") if known else "low" in slots and "name" in slots:
            made["ranges"] = ranges(captures, self._names)
        elif not known and "low" in slots:
            made["span"] = [one.value.value for one in captures if isinstance(one.value, Number)]
        if intent == "Sweep":
            made["numbers"] = pairs(captures, "other", "numbers")
            made["input"] = _one_text([one.value for one in captures if one.slot == "input"])
        elif "input" in slots:
            made["numbers"] = pairs(captures, "input", "numbers")
        elif "numbers" in slots:
            runs = (one.value for one in captures if one.slot == "numbers")
            made["numbers"] = [value for one in runs if isinstance(one, Number) for value in one.values]
        return {name: value for name, value in made.items() if value}

    def _plain(self, intent: str, captures: tuple[Capture, ...]) -> Slots:
        separate = _SEPARATE if intent != "ChangeSetting" else _SEPARATE - {"value"}
        by_name: dict[str, Values] = {}
        for capture in captures:
            if capture.slot not in separate:
                by_name.setdefault(capture.slot, []).append(capture.value)
        slots = {name: _READERS.get(name, _one_text)(values) for name, values in by_name.items()}
        if "setting" in slots:
            slots["setting"] = setting_of(str(slots["setting"]), self.spoken)
        return slots


def _one_text(values: Values) -> Json:
    if len(set(map(str, values))) != 1 or not isinstance(values[0], str):
        raise Contradiction
    return values[0]


def _words(values: Values) -> Json:
    return " ".join(value.raw if isinstance(value, Number) else str(value) for value in values)


def _flag(values: Values) -> Json:
    if len(set(values)) != 1 or not isinstance(values[0], bool):
        raise Contradiction
    return values[0]


def _number(values: Values) -> Json:
    if len(values) != 1 or not isinstance(values[0], Number):
        raise Contradiction
    return values[0].value


def _whole(values: Values) -> Json:
    number = _number(values)
    if not isinstance(number, int):
        raise Contradiction
    return number


def _build(values: Values) -> Json:
    return _whole(values) if isinstance(values[0], Number) else _one_text(values)


def _builds(values: Values) -> Json:
    named = [_build([value]) for value in values]
    if len(named) < 2:
        raise Contradiction
    return named


def _seconds(values: Values) -> Json:
    if any(not isinstance(value, Number) or value.unit != SECONDS for value in values):
        raise Contradiction
    return _number(values)


def _dataset(values: Values) -> Json:
    """Datasets are named with hyphens: "the toy linear data" is toy-linear."""
    return "-".join(str(value) for value in values)


def _code(values: Values) -> Json:
    """The digits, also when they were said in groups or one by one."""
    digits = "".join(value.raw for value in values if isinstance(value, Number))
    if not digits.isdigit():
        raise Contradiction
    return digits


def _value(values: Values) -> Json:
    """A setting's new value; a percentage is a fraction."""
    if len(values) != 1:
        raise Contradiction
    value = values[0]
    if not isinstance(value, Number):
        return value
    return value.value / 100 if value.unit == PERCENT else value.value


_READERS: Mapping[str, Callable[[Values], Json]] = {
    "build": _build,
    "builds": _builds,
    "limit": _whole,
    "jobs": _whole,
    "parallel": _whole,
    "points": _whole,
    "from": _number,
    "to": _number,
    "step": _number,
    "timeout_s": _seconds,
    "until_s": _seconds,
    "deploy": _flag,
    "spot": _flag,
    "only": _flag,
    "dataset": _dataset,
    "setting": _words,
    "reason": _words,
    "code": _code,
    "value": _value,
    "word": _dataset,
    "bare": _number,
}
_OF_KIND: Mapping[SlotKind, Callable[[Values], Json]] = {
    SlotKind.BUILD: _build,
    SlotKind.BUILDS: _builds,
    SlotKind.COUNT: _whole,
    SlotKind.NUMBER: _number,
    SlotKind.SECONDS: _seconds,
    SlotKind.DATASET: _dataset,
    SlotKind.FLAG: _flag,
    SlotKind.CODE: _code,
    SlotKind.VALUE: _value,
    SlotKind.TEXT: _words,
}


def value_of(kind: SlotKind, values: Values, spoken: Mapping[str, str]) -> Json:
    """What was captured for one slot of that kind. Raises Contradiction."""
    if kind is SlotKind.SETTING:
        return setting_of(str(_words(values)), spoken)
    return _OF_KIND.get(kind, _one_text)(values)
