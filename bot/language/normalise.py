"""What people write made uniform: case, quotes, contractions, mentions, politeness, length.

Nothing is dropped that could turn a sentence into its opposite: "not" stays, and so does every word that is not known
to be filler. `tokens.py` splits the result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")

MAX_TEXT_CHARS = 4000

_CHARACTERS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "`": "'",
        "“": '"',
        "”": '"',
        "\u2212": "-",
        "\u2013": "-",
        "\u2014": " - ",
        "\u00d7": "*",
        "\u2026": " ",
    }
)

# In order: each pattern sees what the ones before it left. All are applied to lower case.
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"<[@!#][^>]{0,80}>", " "),  # a mention, as Slack writes it
        (r"(?<!\S)@?sage ?build\b", "sagebuild"),
        (r"\bre-(?=(?:train|fit|run)\b)", "re"),
        (r"\bdata-?(?: )?sets?\b(?!-)", "dataset"),
        (r"\bhyper[- ]parameters?\b|\bhyperparams?\b|\bparams?\b", "hyperparameters"),
        (r"\bkickoff\b", "kick off"),
        (r"\bwanna\b", "want to"),
        (r"\bgimme\b", "give me"),
        (r"\blemme\b", "let me"),
        (r"\blet'?s\b", "let us"),
        (r"\bwon'?t\b", "will not"),
        (r"\b(?:can'?t|cannot)\b", "can not"),
        (r"\b(do|does|did|is|are|was|has|have|had|should|would|could)n'?t\b", r"\1 not"),
        (r"\b(what|how|where|who|when|why|that|there|here)'?s\b", r"\1 is"),
        (
            r"\bit's\b|\bits(?= (?:all )?(?:done|ready|finished|completed?|over|trained|deployed|going|through)\b)",
            "it is",
        ),
        (r"\bi'?m\b", "i am"),
        (r"\b(i|you|we|they|it)'d\b", r"\1 would"),
        (r"\b(i|you|we|they|it)'ll\b", r"\1 will"),
        (r"\b(i|you|we|they)'ve\b", r"\1 have"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"'s\b", " "),
        (r"#(?=\d)", " number "),
    )
)

_LEADING = (
    "sagebuild|bot|hey|hi|hello|ok|okay|alright|so|well|um|uh|now|then|and|also|actually|please|kindly|just|quickly|"
    "could you|can you|would you|will you|you can|you could|would you mind to|"
    "i want to|i want you to|i would like to|i would like you to|i need to|i need you to|i would love to|"
    "let us|go ahead and|go and|be so kind and|be so kind as to|do me a favor and|do me a favour and"
)
_TRAILING = (
    "sagebuild|bot|please|thanks|thank you|thanks a lot|thank you very much|thx|cheers|now|right now|immediately|"
    "at once|asap|for me|for us|will you|would you|could you|if you can|if you could|if you would|if you please|then|"
    "ok|okay|mate"
)


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted((tuple(phrase.split()) for phrase in text.split("|")), key=len, reverse=True))


_LEADING_PHRASES = _phrases(_LEADING)
_TRAILING_PHRASES = _phrases(_TRAILING)


def cut(text: str) -> tuple[str, bool]:
    """The first 4,000 characters, and whether there were more."""
    return text[:MAX_TEXT_CHARS], len(text) > MAX_TEXT_CHARS


def normalise(text: str) -> str:
    """Lower case, plain quotes and dashes, contractions written out, mentions and possessives removed."""
    plain = unicodedata.normalize("NFKC", text).translate(_CHARACTERS).lower()
    for pattern, replacement in _REWRITES:
        plain = pattern.sub(replacement, plain)
    return plain


def without_politeness(tokens: Sequence[_T]) -> list[_T]:
    """The tokens without filler at either end; all of them when there is nothing else ("ok", "please")."""
    start, end = 0, len(tokens)
    while (count := _length_at_start(tokens[start:end])) and start + count <= end:
        start += count
    while (count := _length_at_end(tokens[start:end])) and end - count >= start:
        end -= count
    return list(tokens[start:end]) if start < end else list(tokens)


def _length_at_start(tokens: Sequence[object]) -> int:
    return next((len(p) for p in _LEADING_PHRASES if tuple(tokens[: len(p)]) == p), 0)


def _length_at_end(tokens: Sequence[object]) -> int:
    return next((len(p) for p in _TRAILING_PHRASES if tuple(tokens[-len(p) :]) == p), 0)
