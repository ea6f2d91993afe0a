"""What a conversation with one person remembers: the build spoken of, what was asked, the last command and refusal.

One record a person and conversation, so that nobody answers a question that somebody else was asked; and one a person,
for what they chose "from now on", wherever they say it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.replies import Command, Question
from orchestration.builds import Json
from orchestration.ports import Conflict, Conversation, Conversations, Unavailable

MEMORY_TTL_S = 12 * 3600
CHOICES_TTL_S = 180 * 24 * 3600

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """A request that was refused before there was a build: what "why did it fail?" asks about."""

    words: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Pending:
    """A command that waits for "yes"."""

    command: Command
    expires_at: datetime


@dataclass(frozen=True)
class Asked:
    """A question for one slot, which a bare answer fills."""

    question: Question
    expires_at: datetime


@dataclass(frozen=True)
class Recent:
    """The command that was carried out or asked about last, as it was said: what "no, l" corrects."""

    command: Command
    expires_at: datetime


@dataclass(frozen=True)
class Memory:
    """What is remembered. record: what was loaded, so that a confirmation is consumed once."""

    record: Conversation
    build: int | None = None
    refusal: Refusal | None = None
    pending: Pending | None = None
    asked: Asked | None = None
    last: Recent | None = None

    def state(self) -> dict[str, Json]:
        """As the JSON that is kept."""
        state: dict[str, Json] = {}
        if self.build is not None:
            state["build"] = self.build
        if self.refusal is not None:
            state["refusal"] = {
                "words": self.refusal.words,
                "reason": self.refusal.reason,
                "at": self.refusal.at.isoformat(),
            }
        if self.pending is not None:
            state["pending"] = _kept(self.pending.command) | {"expires_at": self.pending.expires_at.isoformat()}
        if self.asked is not None:
            question = self.asked.question
            state["asked"] = _kept(question.command) | {
                "slot": question.slot,
                "expires_at": self.asked.expires_at.isoformat(),
            }
        if self.last is not None:
            state["last"] = _kept(self.last.command) | {"expires_at": self.last.expires_at.isoformat()}
        return state


def load(conversation: str, person: str, conversations: Conversations) -> Memory:
    """What is remembered of that person in that conversation; empty when nothing is."""
    record = conversations.load(f"{conversation}#{person}")
    build = record.state.get("build")
    refusal, pending, asked, last = (_object(record.state, key) for key in ("refusal", "pending", "asked", "last"))
    return Memory(
        record=record,
        build=build if isinstance(build, int) else None,
        refusal=_refusal(refusal) if refusal else None,
        pending=Pending(_command(pending), _moment(pending)) if pending else None,
        asked=Asked(Question(_command(asked), str(asked["slot"])), _moment(asked)) if asked else None,
        last=Recent(_command(last), _moment(last)) if last else None,
    )


def save(memory: Memory, conversations: Conversations) -> None:
    """Keep it, when it differs from what was loaded.

    Somebody else's turn in between is overwritten: a turn never keeps an older turn's pending confirmation, so none
    can come back to life. A store that is away costs the memory, not the answer: that is logged.
    """
    state = memory.state()
    if state != memory.record.state:
        _write(memory.record, state, MEMORY_TTL_S, conversations)


def _write(record: Conversation, state: Mapping[str, Json], ttl_s: float, conversations: Conversations) -> bool:
    """Whether it was kept."""
    for read in (record, None):
        try:
            base = read or conversations.load(record.id)
            conversations.save(replace(base, state=state), ttl_s)
        except Conflict:
            _log.info("the memory of %s was changed meanwhile", record.id)
        except Unavailable:
            _log.exception("the memory of %s could not be kept", record.id)
            return False
        else:
            return True
    return False


def choose(person: str, name: str, value: str, conversations: Conversations) -> bool:
    """Remember what the person chose from now on ("dataset"), in every conversation; whether it was kept."""
    record = conversations.load(f"#{person}")
    return _write(record, {**record.state, name: value}, CHOICES_TTL_S, conversations)


def chosen(person: str, name: str, conversations: Conversations) -> str:
    """What the person chose, "" when nothing."""
    value = conversations.load(f"#{person}").state.get(name)
    return value if isinstance(value, str) else ""


def _kept(command: Command) -> dict[str, Json]:
    return {"intent": command.intent, "slots": dict(command.slots), "words": command.words}


def _object(state: Mapping[str, Json], key: str) -> dict[str, Json]:
    value = state.get(key)
    return value if isinstance(value, dict) else {}


def _command(kept: Mapping[str, Json]) -> Command:
    slots = kept["slots"]
    return Command(str(kept["intent"]), slots if isinstance(slots, dict) else {}, str(kept["words"]))


def _moment(kept: Mapping[str, Json]) -> datetime:
    return datetime.fromisoformat(str(kept["expires_at"]))


def _refusal(kept: Mapping[str, Json]) -> Refusal:
    return Refusal(str(kept["words"]), str(kept["reason"]), datetime.fromisoformat(str(kept["at"])))
