"""The ranges that a tuning job searches: from a request's text to numbers, and between values and the unit interval.

Every strategy works on the unit interval; a range knows its scale. So 0.5 of a logarithmic range from 0.001 to 10 is
0.1 for whoever asks. Integers have equal shares of it on a linear scale. Scales:
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MIN_SPAN_OF_LOG = 1000.0  # Auto: from this ratio between the bounds on a range is searched by its logarithm


class RangeError(ValueError):
    """A range that cannot be searched; the message names it and what is wrong."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """An integer or continuous range.

    Attributes:
        name: of the hyperparameter.
        low, high: both are possible values.
        is_integer: whether only whole numbers are.
        scale: Linear, Logarithmic or ReverseLogarithmic.
    """

    name: str
    low: float
    high: float
    is_integer: bool
    scale: str

    @property
    def size(self) -> float:
        """How many values there are."""
        return self.high - self.low + 1 if self.is_integer else math.inf

    def value(self, share: float) -> str:
        """The hyperparameter's text at a place of the unit interval."""
        begin, end = self._bounds()
        number = self._unscaled(begin + share * (end - begin))
        if self.is_integer:
            return str(int(min(max(math.floor(number), self.low), self.high)))
        return repr(min(max(number, self.low), self.high))

    def share(self, text: str) -> float | None:
        """Where a value's text lies in the unit interval; None when it is none of the range."""
        try:
            number = float(text)
        except ValueError:
            return None
        if not self.low <= number <= self.high or (self.is_integer and number != math.floor(number)):
            return None
        begin, end = self._bounds()
        return (self._scaled(number + 0.5 if self.is_integer else number) - begin) / (end - begin)

    def _bounds(self) -> tuple[float, float]:
        return self._scaled(self.low), self._scaled(self.high + 1 if self.is_integer else self.high)

    def _scaled(self, number: float) -> float:
        if self.scale == "Logarithmic":
            return math.log(number)
        return -math.log1p(-number) if self.scale == "ReverseLogarithmic" else number

    def _unscaled(self, scaled: float) -> float:
        if self.scale == "Logarithmic":
            return math.exp(scaled)
        return -math.expm1(-scaled) if self.scale == "ReverseLogarithmic" else scaled


@dataclass(frozen=True, slots=True)
class Choice:
    """A categorical range: its values have equal shares of the unit interval."""

    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> float:
        """How many values there are."""
        return len(self.values)

    def value(self, share: float) -> str:
        """The value at a place of the unit interval."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def share(self, text: str) -> float | None:
        """The middle of a value's share of the unit interval; None when there is no such value."""
        return (self.values.index(text) + 0.5) / len(self.values) if text in self.values else None


Range = Numbers | Choice


def parse_ranges(ranges: Mapping[str, Any]) -> list[Range]:
    """The ranges of a request's ParameterRanges, in the order of their names.

    Raises:
        RangeError: a range that cannot be searched, or a name that is used twice.
    """
    found: list[Range] = [_numbers(each, is_integer=True) for each in ranges.get("IntegerParameterRanges", [])]
    found += [_numbers(each, is_integer=False) for each in ranges.get("ContinuousParameterRanges", [])]
    found += [_choice(each) for each in ranges.get("CategoricalParameterRanges", [])]
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise RangeError(f"The hyperparameter {name!r} has more than one range.")
    return sorted(found, key=lambda each: each.name)


def _numbers(given: Mapping[str, str], is_integer: bool) -> Numbers:
    name = given["Name"]
    low, high = (_number(given[member], name, member, is_integer) for member in ("MinValue", "MaxValue"))
    if low >= high:
        raise RangeError(
            f"The range of {name!r}: MinValue must be less than MaxValue; they are {given['MinValue']} and "
            f"{given['MaxValue']}."
        )
    scale = given.get("ScalingType", "Auto")
    if scale == "Logarithmic" and low <= 0:
        raise RangeError(
            f"The range of {name!r}: Logarithmic scaling needs values greater than 0; MinValue is {given['MinValue']}."
        )
    if scale == "ReverseLogarithmic" and (is_integer or low < 0 or high >= 1):
        raise RangeError(
            f"The range of {name!r}: ReverseLogarithmic scaling needs a continuous range within 0 <= x < 1; this goes "
            f"from {given['MinValue']} to {given['MaxValue']}."
        )
    if scale == "Auto":
        scale = "Logarithmic" if low > 0 and high / low >= _MIN_SPAN_OF_LOG else "Linear"
    return Numbers(name, low, high, is_integer, scale)


def _number(text: str, name: str, member: str, is_integer: bool) -> float:
    try:
        number: float = int(text) if is_integer else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        kind = "an integer" if is_integer else "a number"
        raise RangeError(f"The range of {name!r}: {member} must be {kind}; it is {text!r}.")
    return number


def _choice(given: Mapping[str, Any]) -> Choice:
    values = tuple(given["Values"])
    if len(set(values)) < len(values):
        raise RangeError(f"The range of {given['Name']!r} has a value twice.")
    return Choice(given["Name"], values)
