"""What is answered: content with units, and no markup of any channel.

`bot/handlers/` makes these; each channel renders them in its own way (`bot/console/render.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestration.builds import Json

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
class Reply:
    """An answer.

    text: one or a few sentences, the facts first. spoken: how it is said aloud, when that differs. build: the number of
    the build that it is about. follow: the build whose end the channel should wait for and report. confirm: the command
    that "yes" carries out. error: the name of what went wrong, a Problem or an error's class, "" when nothing did.
    """

    text: str
    spoken: str = ""
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    choices: tuple[Choice, ...] = ()
    build: int | None = None
    follow: int | None = None
    confirm: Command | None = None
    error: str = ""

    @property
    def aloud(self) -> str:
        """What a voice says."""
        return self.spoken or self.text
