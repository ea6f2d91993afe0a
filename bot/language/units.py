"""Numbers with units: "30 percent", "2 hours", "90min", "an hour and a half", "1h30". Durations become seconds."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.language.numbers import PERCENT, SECONDS, Number, Token, literal

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_SHORT = {"sec": 1, "min": 60, "hr": 3600, "h": 3600, "wk": 604_800}
_SECONDS_OF = {
    **{f"{name}{end}": seconds for name, seconds in (_SECONDS | _SHORT).items() for end in ("", "s")},
}
_GLUED_SECONDS = _SECONDS_OF | {"s": 1, "m": 60, "d": 86_400, "w": 604_800}
_GLUED = re.compile(r"([-+]?\d*\.?\d+)-?(%|[a-z]+)")
_CLOCK = re.compile(r"(\d+)h(\d{1,2})(?:m|min)?")
_PERCENT_WORDS = frozenset({"percent", "%", "pct", "percents"})
# "a second" and "an instant" are no lengths of time that anybody means; "an hour" is.
_MEANT_BY_ARTICLE = frozenset({"hour", "minute", "day", "week"})


def read_units(tokens: list[Token]) -> list[Token]:
    """The tokens with each number and its unit as one number. Number words have been read before."""
    return _summed(_durations(_percents([_unglued(token) for token in tokens])))


def _unglued(token: Token) -> Token:
    """ "30%", "2h", "1h30m" as they are written without a space."""
    if not isinstance(token, str) or not any(character.isdigit() for character in token[:2]):
        return token
    if clock := _CLOCK.fullmatch(token):
        return _duration(int(clock[1]) * 3600 + int(clock[2]) * 60, token)
    if (glued := _GLUED.fullmatch(token)) and (number := literal(glued[1])) is not None:
        if glued[2] in _PERCENT_WORDS:
            return replace(number, raw=token, unit=PERCENT)
        if glued[2] in _GLUED_SECONDS:
            return _duration(number.value * _GLUED_SECONDS[glued[2]], token)
    return token


def _percents(tokens: list[Token]) -> list[Token]:
    read: list[Token] = []
    for token in tokens:
        before = read[-1] if read else None
        if token in _PERCENT_WORDS and isinstance(before, Number) and not before.unit:
            read[-1] = replace(before, raw=f"{before.raw}%", unit=PERCENT)
        elif token == "cent" and before == "per" and len(read) > 1 and isinstance(number := read[-2], Number):
            read[-2:] = [replace(number, raw=f"{number.raw}%", unit=PERCENT)]
        else:
            read.append(token)
    return read


def _durations(tokens: list[Token]) -> list[Token]:
    """A number and the name of a time; "an hour", "half an hour", "a couple of hours"."""
    read: list[Token] = []
    for token in tokens:
        seconds = _SECONDS_OF.get(token) if isinstance(token, str) else None
        if seconds is None or not (found := _number_before(read, str(token))):
            read.append(token)
            continue
        count, number = found
        read[len(read) - count :] = [_duration(number.value * seconds, f"{number.raw} {token}")]
    return read


def _number_before(read: list[Token], unit: str) -> tuple[int, Number] | None:
    """The number of the unit that follows, and how many tokens it takes: "2", "half an", "a couple of", "an"."""
    last = read[-1] if read else None
    if isinstance(last, Number):
        return None if last.unit else (1, last)
    if last not in ("a", "an", "of"):
        return None
    before = read[-2] if len(read) > 1 else None
    if isinstance(before, Number) and not before.unit and (last == "of" or before.value < 1):
        return 2, before
    return (1, Number(1, "1")) if last != "of" and unit in _MEANT_BY_ARTICLE else None


def _summed(tokens: list[Token]) -> list[Token]:
    """ "2 hours and 30 minutes", "2 hours 30 minutes", "an hour and a half"."""
    read: list[Token] = []
    for token in tokens:
        whole = read[-1] if read else None
        joined = len(read) > 1 and whole == "and"
        if joined:
            whole = read[-2]
        if isinstance(token, Number) and isinstance(whole, Number) and whole.unit == SECONDS:
            added = _added(whole, token, joined=joined)
            if added is not None:
                read[-2 if joined else -1 :] = [added]
                continue
        read.append(token)
    return read


def _added(whole: Number, part: Number, *, joined: bool) -> Number | None:
    if part.unit == SECONDS and part.value < whole.value:
        return _duration(whole.value + part.value, f"{whole.raw} {part.raw}")
    if not part.unit and joined and part.value in (0.5, 0.25, 0.75) and part.spoken:
        unit = next((size for size in (604_800, 86_400, 3600, 60) if whole.value % size == 0), 1)
        return _duration(whole.value + unit * part.value, f"{whole.raw} and {part.raw}")
    return None


def _duration(seconds: int | float, raw: str) -> Number:
    whole = int(seconds) if seconds == int(seconds) else seconds
    return Number(whole, raw, spoken=True, unit=SECONDS)
