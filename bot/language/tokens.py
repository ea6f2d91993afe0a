"""Text to tokens: words and the numbers that are written in digits. Number words are `numbers.py`'s."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.language.numbers import Number, Token, literal

_SEPARATORS = re.compile(r"[\s;:=()\[\]{}\"!?]+")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# "0-4", "1e-4..1e-1", "64-32-16": numbers with dashes between them.
_PLAIN = r"(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?"
_SPAN = re.compile(rf"[-+]?{_PLAIN}(?:(?:-|\.\.\.?){_PLAIN})+")
_SPAN_PARTS = re.compile(rf"(?:(?<![\d.])[-+])?{_PLAIN}")
_DOTS = re.compile(r"\.\.\.?")
_EDGES = "'*~_.,"
_MEANINGFUL_SYMBOLS = frozenset("+/%&<>^\\|$")
DASH = "dash"


def tokenise(text: str) -> list[Token]:
    """The words and numbers of normalised text, in order.

    Commas separate; in "1,024" they group digits, and `Number.parts` has the other reading.
    """
    chunks = [chunk for chunk in _SEPARATORS.split(text) if chunk]
    tokens: list[Token] = []
    for index, chunk in enumerate(chunks):
        if chunk == "-" and index + 1 < len(chunks) and chunks[index + 1][0].isdigit():
            # "predict - 0.5" may mean minus: a token that no sentence has is not understood, which is safe.
            tokens.append(DASH if tokens and isinstance(tokens[-1], Number) else chunk)
            continue
        tokens.extend(_of_chunk(chunk))
    return tokens


def _of_chunk(chunk: str) -> Iterator[Token]:
    grouped = chunk.rstrip(",.")
    if _GROUPED.fullmatch(grouped):
        yield _grouped(grouped)
        return
    for piece in chunk.split(","):
        number = literal(piece.rstrip(".")) if piece else None
        word = piece.strip(_EDGES)
        if number is not None:
            yield number
        elif word and word[-1].isdigit() and _SPAN.fullmatch(word):
            yield from _span(word)
        elif any(character.isalnum() for character in word) or not _MEANINGFUL_SYMBOLS.isdisjoint(word):
            yield literal(word) or _option(word)


def _option(word: str) -> str:
    """ "--epochs", as on a command line, is epochs."""
    name = word.lstrip("-")
    return name if name[:1].isalpha() else word


def _span(text: str) -> Iterator[Token]:
    found = [number for part in _SPAN_PARTS.findall(_DOTS.sub("-", text)) if (number := literal(part)) is not None]
    for place, number in enumerate(found):
        if place:
            yield DASH
        yield number


def _grouped(text: str) -> Number:
    value = float(text.replace(",", ""))
    parts = tuple(part for piece in text.split(",") if (part := literal(piece)) is not None)
    # "1,000" and "1,024,000" are one number; "100,200" may be two, when a list of numbers is wanted.
    has_padding = any(len(piece) > 1 and piece.startswith("0") for piece in text.lstrip("+-").split(",")[1:])
    whole = int(value) if value == int(value) else value
    return Number(whole, text, () if has_padding else tuple(part.value for part in parts))
