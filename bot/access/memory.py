"""What a conversation with one person remembers: the build spoken of, the last refusal, the pending confirmation.

One record a person and conversation, so that nobody answers a question that somebody else was asked.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.replies import Command
from orchestration.builds import Json
from orchestration.ports import Conflict, Conversation, Conversations, Unavailable

MEMORY_TTL_S = 12 * 3600

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
class Memory:
    """What is remembered. record: what was loaded, so that a confirmation is consumed once."""

    record: Conversation
    build: int | None = None
    refusal: Refusal | None = None
    pending: Pending | None = None

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
            command = self.pending.command
            state["pending"] = {
                "intent": command.intent,
                "slots": dict(command.slots),
                "words": command.words,
                "expires_at": self.pending.expires_at.isoformat(),
            }
        return state


def load(conversation: str, person: str, conversations: Conversations) -> Memory:
    """What is remembered of that person in that conversation; empty when nothing is."""
    record = conversations.load(f"{conversation}#{person}")
    build, refusal, pending = (record.state.get(key) for key in ("build", "refusal", "pending"))
    return Memory(
        record=record,
        build=build if isinstance(build, int) else None,
        refusal=_refusal(refusal) if isinstance(refusal, dict) else None,
        pending=_pending(pending) if isinstance(pending, dict) else None,
    )


def save(memory: Memory, conversations: Conversations) -> None:
    """Keep it, when it differs from what was loaded.

    Somebody else's turn in between is overwritten: a turn never keeps an older turn's pending confirmation, so none
    can come back to life. A store that is away costs the memory, not the answer: that is logged.
    """
    state = memory.state()
    if state == memory.record.state:
        return
    for record in (memory.record, None):
        try:
            base = record or conversations.load(memory.record.id)
            conversations.save(replace(base, state=state), MEMORY_TTL_S)
        except Conflict:
            _log.info("the memory of %s was changed meanwhile", memory.record.id)
        except Unavailable:
            _log.exception("the memory of %s could not be kept", memory.record.id)
            return
        else:
            return


def _refusal(kept: Mapping[str, Json]) -> Refusal:
    return Refusal(str(kept["words"]), str(kept["reason"]), datetime.fromisoformat(str(kept["at"])))


def _pending(kept: Mapping[str, Json]) -> Pending:
    slots = kept["slots"]
    command = Command(str(kept["intent"]), slots if isinstance(slots, dict) else {}, str(kept["words"]))
    return Pending(command, datetime.fromisoformat(str(kept["expires_at"])))
