"""Numbers as people say and write them: "1e-3", "twenty five", "minus zero point one", "ten to the minus three".

text2num reads plain cardinals; the passes below add what it leaves out or gets wrong (measured in
`../shared/facts/chat.md`, section 3.4): decimals in a row, signs, exponents, fractions, "that one". Nothing is ever
evaluated: a number is what `float` reads.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from text_to_num import alpha2digit


@dataclass(frozen=True)
class Number:
    """A number in a sentence. raw: as it can be written again. parts: its reading as several, for "100,200".

    unit: "" for a pure number, PERCENT, or SECONDS for a duration, whose value is in seconds (`units.py`).
    """

    value: int | float
    raw: str
    parts: tuple[int | float, ...] = ()
    spoken: bool = False
    unit: str = ""

    @property
    def values(self) -> tuple[int | float, ...]:
        """What it is in a list of numbers."""
        return self.parts or (self.value,)


Token = str | Number
PERCENT, SECONDS = "percent", "s"

_LITERAL = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?")
_POWER = re.compile(r"(?:([-+]?\d+(?:\.\d+)?)[x*])?10(?:\^|\*\*)([-+]?\d+)")
_THOUSANDS = re.compile(r"[-+]?\d+(?:\.\d+)?k")
_INTEGER = re.compile(r"[-+]?\d+")

_UNITS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_DIGITS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_CARDINALS = _UNITS | set(_SCALES)
# After these, "one" stands for a thing: "that one", "the last one".
_BEFORE_PRONOUN_ONE = frozenset(
    "that this the which last latest newest recent previous current first other another new my running failed best "
    "served deployed active trained good old worse better single same right wrong live next each every any no "
    "older".split()
)
_AFTER_PRONOUN_ONE = (
    ["more"],
    ["new"],
    ["training"],
    ["build"],
    ["model"],
    ["version"],
    ["of"],
    ["time"],
    ["thing"],
    ["question"],
)
_FRACTIONS = {"half": 0.5, "quarter": 0.25, "tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001}
_MAX_EXACT = 1e15  # whole numbers above it are kept as floats


def literal(text: str) -> Number | None:
    """The number that is written so in digits, or None: "-3", ".5", "1e-3", "10^-3", "2*10^-3",
    "10k"."""
    if power := _POWER.fullmatch(text):
        return _made(f"{power[1] or 1}e{power[2]}", text)
    if _THOUSANDS.fullmatch(text):
        thousands = float(text[:-1]) * 1000
        return Number(int(thousands) if thousands == int(thousands) else thousands, text)
    return _made(text, text) if _LITERAL.fullmatch(text) else None


def read_numbers(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with every number that is said in words in place of its words."""
    read = list(tokens)
    for rewrite in _PASSES:
        read = rewrite(read)
    return read


def with_numbered_names(tokens: list[Token]) -> list[Token]:
    """ "x two" as x2: what inputs without names are called."""
    read: list[Token] = []
    for token in tokens:
        digits = token.raw if isinstance(token, Number) else str(_DIGITS.index(token)) if token in _DIGITS else ""
        if read and read[-1] == "x" and digits.isdigit():
            read[-1] = f"x{digits}"
        else:
            read.append(token)
    return read


def _made(digits: str, raw: str, *, spoken: bool = False) -> Number | None:
    value = float(digits)
    if not math.isfinite(value):
        return None
    exact = int(value) if _INTEGER.fullmatch(digits) and abs(value) < _MAX_EXACT else value
    return Number(exact, raw, spoken=spoken)


def _spoken(value: int | float) -> Number:
    return Number(value, repr(value), spoken=True)


def _cardinals(tokens: list[Token]) -> list[Token]:
    """Runs of cardinal words, by text2num."""
    words = [part for token in tokens for part in _unhyphenated(token)]
    read: list[Token] = []
    index = 0
    while index < len(words):
        end = _end_of_run(words, index)
        if end == index:
            read.append(words[index])
            index += 1
            continue
        read.extend(_of_run([str(word) for word in words[index:end]]))
        index = end
    return read


def _unhyphenated(token: Token) -> list[Token]:
    if isinstance(token, str) and "-" in token and all(part in _CARDINALS for part in token.split("-")):
        return list(token.split("-"))
    return [token]


def _end_of_run(words: list[Token], start: int) -> int:
    if words[start] == "one" and (
        (start and words[start - 1] in _BEFORE_PRONOUN_ONE) or words[start + 1 : start + 2] in _AFTER_PRONOUN_ONE
    ):
        return start
    if words[start] == "a" and words[start + 1 : start + 2] and words[start + 1] in _SCALES:
        words = [*words[:start], "one", *words[start + 1 :]]
    if words[start] in _SCALES:
        return start  # "2.5 million" is put together by `_scaled`
    # After "point" come digits: "two point five million" is not 2.5000000.
    known = _UNITS if start and words[start - 1] == "point" else _CARDINALS
    end = start
    while end < len(words):
        joins = words[end] == "and" and end > start and words[end - 1] in _SCALES and words[end + 1 : end + 2]
        if words[end] not in known and not (joins and words[end + 1] in _UNITS):
            break
        end += 1
    return end


def _of_run(words: list[str]) -> list[Token]:
    """A zero is a number of its own: text2num would read "zero zero seven" as 007."""
    if words[0] == "a":
        words = ["one", *words[1:]]
    read: list[Token] = []
    segment: list[str] = []
    for word in [*words, "zero"]:
        if word != "zero":
            segment.append(word)
            continue
        digits = alpha2digit(" ".join(segment), "en", 0).split() if segment else []
        read.extend(_spoken(int(d)) if d.isdigit() else d for d in digits)
        read.append(_spoken(0))
        segment = []
    return read[:-1]


def _scaled(tokens: list[Token]) -> list[Token]:
    """ "5 hundred", "2.5 million", "2 dozen", "a dozen", "half a dozen", "a couple"."""
    read: list[Token] = []
    for token in tokens:
        previous = read[-1] if read else None
        scale = _SCALES.get(token) if isinstance(token, str) else None
        if token == "dozen":
            scale = 12
        if token == "couple" and previous == "a":
            read[-1] = _spoken(2)
            continue
        if scale and isinstance(previous, Number) and math.isfinite(float(previous.value) * scale):
            read[-1] = _spoken(previous.value * scale)
        elif token == "dozen" and read[-2:] == ["half", "a"]:
            read[-2:] = [_spoken(6)]
        elif token == "dozen" and previous == "a":
            read[-1] = _spoken(12)
        else:
            read.append(token)
    return read


def _decimals(tokens: list[Token]) -> list[Token]:
    """ "0 point 2 5", "point 5". The last digit before another "point" belongs to the number that it begins."""
    read: list[Token] = []
    index = 0
    while index < len(tokens):
        digits, end = _digits_after(tokens, index) if tokens[index] == "point" else ("", index)
        if not digits:
            read.append(tokens[index])
            index += 1
            continue
        before = read[-1] if read else None
        if isinstance(before, Number) and _INTEGER.fullmatch(before.raw):
            read.pop()
            text = f"{before.raw}.{digits}"
        else:
            text = f"0.{digits}"
        read.append(Number(float(text), text, spoken=True))
        index = end
    return read


def _digits_after(tokens: list[Token], point: int) -> tuple[str, int]:
    digits, index = "", point + 1
    while index < len(tokens):
        token = tokens[index]
        if not isinstance(token, Number) or not token.raw.isdigit():
            break
        if digits and not (token.spoken and len(token.raw) == 1 and tokens[index + 1 : index + 2] != ["point"]):
            break
        digits += token.raw
        index += 1
    return digits, index


def _signs(tokens: list[Token]) -> list[Token]:
    read: list[Token] = []
    for token in tokens:
        if isinstance(token, Number) and read and read[-1] in ("minus", "negative"):
            read[-1] = Number(
                -token.value, token.raw[1:] if token.raw.startswith("-") else f"-{token.raw}", spoken=token.spoken
            )
        else:
            read.append(token)
    return read


_POWER_WORDS: tuple[tuple[str, ...], ...] = (("to", "the", "power", "of"), ("to", "the", "power"), ("to", "the"))


def _exponents(tokens: list[Token]) -> list[Token]:
    """ "1 e -3", "10 to the -3", "2 times 10 to the power of -3"."""
    read: list[Token] = []
    index = 0
    while index < len(tokens):
        exponent, end = _exponent_at(tokens, index)
        base = tokens[index]
        if exponent is None or not isinstance(base, Number) or (number := _made(f"{base.raw}e{exponent}", "")) is None:
            read.append(base)
            index += 1
            continue
        read.append(_spoken(number.value))
        index = end
    return read


def _exponent_at(tokens: list[Token], index: int) -> tuple[int | None, int]:
    """The exponent of ten that applies to the number at the index, and where the expression ends."""
    base = tokens[index]
    if not isinstance(base, Number) or "e" in base.raw:
        return None, index
    if tokens[index + 1 : index + 2] == ["e"]:
        return _whole(tokens, index + 2)
    offset = 2 if tokens[index + 1 : index + 2] == ["times"] else 0
    ten = tokens[index + offset] if index + offset < len(tokens) else None
    if not isinstance(ten, Number) or ten.value != 10:
        return None, index
    for words in _POWER_WORDS:
        start = index + offset + 1
        if tuple(tokens[start : start + len(words)]) == words:
            exponent, end = _whole(tokens, start + len(words))
            # Without a factor the base itself is the ten: 10 to the -3 is 10e(-3 - 1).
            return (exponent if offset or exponent is None else exponent - 1), end
    return None, index


def _whole(tokens: list[Token], index: int) -> tuple[int | None, int]:
    token = tokens[index] if index < len(tokens) else None
    if isinstance(token, Number) and isinstance(token.value, int) and abs(token.value) < 400:
        return token.value, index + 1
    return None, index


def _fractions(tokens: list[Token]) -> list[Token]:
    """ "half", "a quarter", "3 quarters", "2 and a half"."""
    read: list[Token] = []
    for token in tokens:
        singular = token.removesuffix("s").replace("halve", "half") if isinstance(token, str) else ""
        fraction = _FRACTIONS.get(singular)
        before = read[-1] if read else None
        if fraction is None:
            read.append(token)
        elif before in ("a", "an") and read[-2:-1] == ["and"] and len(read) > 2 and isinstance(read[-3], Number):
            whole = read[-3].value
            read[-3:] = [_spoken(whole - fraction if whole < 0 else whole + fraction)]
        elif before in ("a", "an"):
            read[-1] = _spoken(fraction)
        elif isinstance(before, Number) and (before.value == 1 or token != singular):
            read[-1] = _spoken(before.value * fraction)
        elif token == "half":
            read.append(_spoken(fraction))
        else:
            read.append(token)
    return read


_PASSES: tuple[Callable[[list[Token]], list[Token]], ...] = (
    _scaled,
    _cardinals,
    _decimals,
    _scaled,
    _signs,
    _exponents,
    _fractions,
)
