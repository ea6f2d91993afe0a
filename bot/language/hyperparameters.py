"""Names and values in the order of a sentence, put together: hyperparameters, ranges to tune, inputs by name."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language.matcher import Capture, Slots
from bot.language.names import Names
from bot.language.numbers import PERCENT, Number
from orchestration.builds import Json

_FLAGS = {"on": True, "off": False}


class Contradiction(ValueError):
    """The sentence says two things that cannot both be meant."""


def settings(captures: Sequence[Capture], names: Names) -> Slots:
    """Hyperparameters: name and value in either order, one pair after the other.

    "each" goes with the pair before it ("2 layers of 64"), "more" goes on with a list ("nodes 64 and 32"), "on" and
    "off" are a name with its value, "chosen" is both at once ("with adam"). Raises Contradiction.
    """
    made = _Pairs(names)
    for capture in captures:
        made.take(capture)
    return made.slots()


class _Pairs:
    """Pairs as they come."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._found: list[tuple[str, list[str | bool | Number]]] = []
        self._name: str | None = None
        self._values: list[str | bool | Number] = []  # that have no name yet

    def take(self, capture: Capture) -> None:
        """Go on with the next capture. Raises Contradiction."""
        slot, value = capture.slot, capture.value
        if slot in _FLAGS:
            self._found.append((str(value), [_FLAGS[slot]]))
        elif slot == "chosen":
            name, _, choice = str(value).partition("=")
            self._found.append((name, [choice]))
        elif slot in ("more", "more_each"):
            (self._values or self._last()[1]).append(value)
        elif slot == "each":
            self._found.append((_each(self._last()[0]), [value]))
        elif slot == "name":
            if self._name is not None:
                raise Contradiction
            self._name = str(value)
        elif slot == "value":
            if self._values:
                raise Contradiction
            self._values = [value]
        if self._name is not None and self._values:
            self._found.append((self._name, self._values))
            self._name, self._values = None, []

    def _last(self) -> tuple[str, list[str | bool | Number]]:
        if not self._found:
            raise Contradiction
        return self._found[-1]

    def slots(self) -> Slots:
        """Name to value. Raises Contradiction when a name has no value, a value no name, or a name two values."""
        if self._name is not None or self._values:
            raise Contradiction
        slots: Slots = {}
        for said, values in self._found:
            name = self._meant(said, several=len(values) > 1)
            value = self._one(name, values)
            if slots.setdefault(name, value) != value:
                raise Contradiction
        return slots

    def _meant(self, said: str, *, several: bool) -> str:
        if said.startswith(_EACH):
            return self._names.each(said.removeprefix(_EACH), several=several)
        return said if several else self._names.single(said)

    def _one(self, name: str, values: list[str | bool | Number]) -> Json:
        """One value; several numbers are a list in the text that `models/catalog.py` parses: "64,32"."""
        if len(values) > 1:
            return ",".join(str(value.value) if isinstance(value, Number) else str(value) for value in values)
        value = values[0]
        if not isinstance(value, Number):
            return value
        if value.unit == PERCENT and self._names.is_fraction(name):
            return float(f"{value.value / 100:.12g}")
        return ",".join(map(str, value.parts)) if value.parts and name in self._names.listed else value.value


_EACH = "each "


def _each(name: str) -> str:
    return _EACH + name


def ranges(captures: Sequence[Capture], names: Names) -> Slots:
    """What is tuned: name to {} or {"low": ..., "high": ...} with "scale". A range after several names is for all of
    them that have none. Raises Contradiction."""
    found: Slots = {}
    open_names: list[str] = []  # that have no range yet, and no other name with a range after them
    waits_for_low = True
    low: Json = None
    last: list[str] = []
    for capture in captures:
        if capture.slot == "name":
            name = names.single(str(capture.value))
            if name in found:
                raise Contradiction
            found[name] = {}
            open_names.append(name)
        elif capture.slot == "low" and isinstance(capture.value, Number):
            low, waits_for_low = _plain(capture.value, open_names, names), False
        elif capture.slot == "high" and isinstance(capture.value, Number) and not waits_for_low:
            high = _plain(capture.value, open_names, names)
            for name in open_names:
                found[name] = {"low": low, "high": high}
            last, open_names, waits_for_low = open_names, [], True
        elif capture.slot == "scale":
            for name in last or open_names:
                one = found[name]
                if isinstance(one, dict):
                    one["scale"] = capture.value if isinstance(capture.value, str) else ""
    return found


def pairs(captures: Sequence[Capture], name_slot: str, value_slot: str) -> Slots:
    """Inputs by name: "x1 0.5 and x2 1.0". Raises Contradiction when they do not go in pairs."""
    found: Slots = {}
    name: str | None = None
    for capture in captures:
        if capture.slot == name_slot:
            if name is not None:
                raise Contradiction
            name = str(capture.value)
        elif capture.slot == value_slot and isinstance(capture.value, Number):
            if name is None or name in found:
                raise Contradiction
            found[name] = capture.value.value
            name = None
    if name is not None:
        raise Contradiction
    return found


def _plain(number: Number, open_names: Sequence[str], names: Names) -> Json:
    if number.unit == PERCENT and all(names.is_fraction(name) for name in open_names):
        return float(f"{number.value / 100:.12g}")
    return number.value
