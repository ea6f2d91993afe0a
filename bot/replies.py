"""What is answered: content with units, and no markup of any channel.

`bot/handlers/` makes these; each channel renders them in its own way, and `bot/pictures.py` draws.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.figure import Figure
from orchestration.builds import BuildStatus, Json

MAX_REASON_CHARS = 500
_TRACEBACK = "Traceback (most recent call last)"


def readable(reason: str) -> str:
    """The reason as a person wants it: on one line, without the traceback that may follow, at most 500 characters."""
    text = " ".join(reason.partition(_TRACEBACK)[0].split()) or reason.strip().rpartition("\n")[2]
    return text if len(text) <= MAX_REASON_CHARS else f"{text[:MAX_REASON_CHARS]} ..."


class Problem(StrEnum):
    """Why a reply is not the answer that was asked for, when it is no error of a port or of the catalogue."""

    NOT_UNDERSTOOD = "NotUnderstood"  # no sentence matched; there may be suggestions
    MISSING_SLOT = "MissingSlot"  # something that is needed was not said
    AMBIGUOUS = "Ambiguous"  # several things may be meant
    UNKNOWN_TOPIC = "UnknownTopic"  # there is no help about it
    NOTHING_SERVED = "NothingServed"  # there is no endpoint to ask
    NOTHING_TO_STOP = "NothingToStop"
    NOTHING_TO_CONFIRM = "NothingToConfirm"
    NOTHING_WAITS = "NothingWaits"  # no build waits for an approval
    NOTHING_TO_RESUME = "NothingToResume"
    NOT_FOUND = "NotFound"  # nothing on record fits the question
    TOO_MANY_COMMANDS = "TooManyCommands"  # of one person in one minute
    BAD_CODE = "BadCode"  # a one-time code that is wrong, too old or was used
    INTERNAL_ERROR = "InternalError"  # the bot itself failed


@dataclass(frozen=True)
class Fact:
    """One labelled value. unit is empty for a pure number or for text."""

    label: str
    value: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.value}{' ' if self.unit else ''}{self.unit}"


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; every row has one cell a heading."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Choice:
    """Something that may be said next. A channel with buttons shows `label`; pressing it says `say`."""

    label: str
    say: str


@dataclass(frozen=True)
class Command:
    """An intent with its slots, as plain data: what saying "yes" to a reply carries out."""

    intent: str
    slots: Mapping[str, Json]
    words: str


@dataclass(frozen=True)
class Question:
    """A question for one slot of a command: a bare answer fills it."""

    command: Command
    slot: str


@dataclass(frozen=True)
class Reply:
    """An answer.

    text: one or a few sentences, the facts first. spoken: how it is said aloud, when that is not `aloud(text)`.
    picture: numbers to draw, which the text sums up. build: the number of the build that it is about. follow: the build
    whose end the channel should wait for and report. confirm: the command that "yes" carries out. ask: the slot that
    the next answer may fill. error: the name of what went wrong, a Problem or an error's class, "" when nothing did.
    """

    text: str
    spoken: str = ""
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    choices: tuple[Choice, ...] = ()
    picture: Figure | None = None
    build: int | None = None
    follow: int | None = None
    confirm: Command | None = None
    ask: Question | None = None
    error: str = ""

    @property
    def aloud(self) -> str:
        """What a voice says."""
        return aloud(self.spoken or self.text)


_STATUS_WORDS = {status.value: status.value.lower().replace("_", " ") for status in BuildStatus}
_IDENTIFIER = re.compile(r"\b(?:s3://|arn:|https?://)\S*[\w/]|\b\w+(?:-\w+){2,}\b")
_DECIMAL = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]*\w)")
_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?<!\w)'([^']{1,80})'(?!\w)", r"\1"),
        (r"\s*±\s*", ", give or take "),
        (r"\s*=\s*", " is "),
        (r"(?<=\d)\s*%", " percent"),
        (r"\$(\d+(?:\.\d+)?)", r"\1 dollars"),
        (r"(?<=[a-z0-9])_(?=[a-z0-9])", " "),
        (r"\s*\(\s*\)", ""),
        (r"\s+([.,;:?])", r"\1"),
        (r"\s{2,}", " "),
    )
)


def aloud(text: str) -> str:
    """The text as a voice says it: numbers rounded to three digits, statuses as words, no identifiers, no quotes."""
    for status, words in _STATUS_WORDS.items():
        text = re.sub(rf"\b{status}\b", words, text)
    text = _IDENTIFIER.sub("", text)
    text = _DECIMAL.sub(lambda match: _rounded(match[0]), text)
    for pattern, words in _SAID:
        text = pattern.sub(words, text)
    return text.strip()


def _rounded(digits: str) -> str:
    if digits.lstrip("-").isdigit():
        return digits  # a build's number, a count: as it is
    value = float(digits)
    if not math.isfinite(value) or value == 0:
        return digits
    decimals = 2 - math.floor(math.log10(abs(value)))
    if decimals > 7:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa} times ten to the {exponent.replace('-', 'minus ').replace(' 0', ' ')}"
    text = f"{round(value, decimals):.{max(0, decimals)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
