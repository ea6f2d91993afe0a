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
        if (whole := _whole(capture)) is not None:
            self._found.append(whole)
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
            return _share(value)
        return ",".join(map(str, value.parts)) if value.parts and name in self._names.listed else value.value


def _whole(capture: Capture) -> tuple[str, list[str | bool | Number]] | None:
    """A capture that is a name with its value: "batch norm off", "without dropout", "with adam"."""
    value = str(capture.value)
    if capture.slot in _FLAGS:
        return value, [_FLAGS[capture.slot]]
    if capture.slot == "zero":
        return value, [Number(0, "0")]
    if capture.slot == "chosen":
        name, _, choice = value.partition("=")
        return name, [choice]
    return None


_EACH = "each "


def _each(name: str) -> str:
    return _EACH + name


def ranges(captures: Sequence[Capture], names: Names) -> Slots:
    """What is tuned: name to {} or {"low": ..., "high": ...} with "scale". A range after several names is for all of
    them that have none. Raises Contradiction."""
    made = _Ranges(names)
    for capture in captures:
        made.take(capture)
    return {name: dict(one) for name, one in made.found.items()}


class _Ranges:
    """Ranges as they come."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.found: dict[str, Slots] = {}
        self._open: list[str] = []  # the names since the last range
        self._ranged: list[str] = []  # the names of the last range
        self._low: Number | None = None

    def take(self, capture: Capture) -> None:
        """Go on with the next capture. Raises Contradiction."""
        slot, value = capture.slot, capture.value
        if slot == "name":
            name = self._names.single(str(value))
            if name in self.found:
                raise Contradiction
            self.found[name] = {}
            self._open.append(name)
        elif slot == "low" and isinstance(value, Number):
            self._low = value
        elif slot == "high" and isinstance(value, Number):
            if self._low is None or not self._open:
                raise Contradiction
            for name in self._open:
                self.found[name] = _range(self._low, value, name, self._names)
            self._ranged, self._open, self._low = self._open, [], None
        elif slot == "scale":
            for name in self._ranged or self._open:
                self.found[name]["scale"] = str(value)


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


def _range(low: Number, high: Number, name: str, names: Names) -> Slots:
    """ "between 10 and 50 percent" of a share is from 0.1 to 0.5."""
    if high.unit == PERCENT and names.is_fraction(name):
        return {"low": _share(low), "high": _share(high)}
    return {"low": low.value, "high": high.value}


def _share(percent: Number) -> float:
    return float(f"{percent.value / 100:.12g}")
