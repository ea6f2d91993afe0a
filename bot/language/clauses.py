"""A sentence of several clauses: a command, and remarks beside it ("please stop the keras run, it is going nowhere").

Only what punctuation separates is taken apart, and only remarks in the forms of `bot/intents/en-US/remarks/` are left
aside: about things, in words that cannot turn the command around. "She said: stop the build", "if it fails, stop it"
and "stop the build, or not" stay one sentence that nobody understands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.language.matcher import Slots

MAX_CLAUSES = 6
_BOUNDARY = re.compile(r"[,;:!?.]+\s+|\s+-+\s+|\s*[\u2013\u2014]\s*|\n+|\s+because\s+")


@dataclass(frozen=True)
class Remark:
    """What a clause beside a command is about. is_preamble: whether it may stand only before the command: after one,
    "with 5 wibbles" is no remark but something that was not understood."""

    about: Slots
    is_preamble: bool


@dataclass(frozen=True)
class Split:
    """A part of a text that may be the command, and what the remarks beside it are about."""

    command: str
    about: Slots


def splits(text: str, remark: Callable[[str], Remark | None]) -> Iterator[Split]:
    """The ways to take a text for one command with remarks beside it, the longest command first.

    remark: what a clause is when it is a remark, None when it is not.
    """
    found = list(_clauses(text))
    if not 1 < len(found) <= MAX_CLAUSES:
        return
    remarks = [remark(text[start:end]) for start, end in found]
    for size in range(len(found) - 1, 0, -1):
        for first in range(len(found) - size + 1):
            after = [one if one and not one.is_preamble else None for one in remarks[first + size :]]
            beside = [*remarks[:first], *after]
            if None not in beside:
                merged = {name: value for one in beside if one for name, value in one.about.items()}
                yield Split(text[found[first][0] : found[first + size - 1][1]], merged)


def with_topic(slots: Slots, about: Slots, known: frozenset[str]) -> Slots:
    """The slots with what only the remarks name: "build 36 fell over, pick it up again" is about build 36.

    known: the names of the intent's slots.
    """
    made = dict(slots)
    if "build" in known and "build" in about and made.get("build", "it") in ("it", "last"):
        made["build"] = about["build"]
    if "build" not in made or made["build"] == "it":
        made |= {name: about[name] for name in ("model", "dataset") if name in about and name in known - made.keys()}
    return made


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        if text[start : boundary.start()].strip():
            yield start, boundary.start()
        start = boundary.end()
    if text[start:].strip():
        yield start, len(text)
